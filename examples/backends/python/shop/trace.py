"""What a backend does to be part of the browser's trace, beyond what OpenTelemetry does by itself: the ids of the server's span in each answer, in a header
that browsers show to scripts (`Server-Timing`) and in the JSON."""

from fastapi import Request
from fastapi.responses import JSONResponse
from opentelemetry import trace


def answer(request: Request, body: dict, status: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
    span = request.state.span
    trace_id, span_id = f"{span.trace_id:032x}", f"{span.span_id:016x}"
    _, remote, parent = (request.headers.get("traceparent", "").split("-") + ["", "", ""])[:3]
    ids = {"traceId": trace_id, "spanId": span_id, "parentSpanId": parent if remote == trace_id else None}
    timing = f'traceparent;desc="00-{trace_id}-{span_id}-{span.trace_flags:02x}"'
    return JSONResponse({**body, **ids}, status, {"server-timing": timing, "cache-control": "no-store", **(headers or {})})


def remember(request: Request) -> None:
    """While the server's span is the current one."""
    request.state.span = trace.get_current_span().get_span_context()
