/** What makes a request smaller: gzip, where the browser has it. */

/** What is smaller than so many bytes is not worth packing. */
const PACKED_FROM = 2048;

/** Packs a body; gives nothing where the browser cannot, or it is not worth it. */
export function createPack(): (body: Uint8Array) => PromiseLike<Blob> | undefined {
  const Compress = (globalThis as { CompressionStream?: typeof CompressionStream }).CompressionStream;
  return (body) => {
    if (!Compress || body.length < PACKED_FROM) return;
    return new Response(new Blob([body as BlobPart]).stream().pipeThrough(new Compress('gzip'))).blob();
  };
}
