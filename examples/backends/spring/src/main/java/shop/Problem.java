package shop;

/** An error that a client can read. */
class Problem extends RuntimeException {
  final int status;
  final String code;

  Problem(int status, String code, String message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
