/** What happens, as it happens. The stream opens itself again, from the last event on. */
import { type Client, read, sleep, waitAfter } from "./client.js";
import { LayersError, NetworkError } from "./errors.js";
import type { StreamEvent } from "./generated/types.js";

/** A type of event that can be asked for. */
export type StreamedType = Exclude<StreamEvent["type"], "reload">;

/** What to listen for. */
export interface StreamParams {
  /** Only events of this project. */
  projectId?: string;
  /** Only events of these types. */
  types?: StreamedType | StreamedType[];
  /** Begin after this event: `lastEventId` of an earlier stream. */
  lastEventId?: string;
}

/** How to listen. */
export interface StreamOptions {
  /** Ends the stream. */
  signal?: AbortSignal;
  /** Hears that the stream is open, each time. */
  onOpen?: () => void;
  /** Hears why it was lost, each time; it is opened again. */
  onLost?: (error: LayersError) => void;
}

const PATH = "/v1/events/stream";
/** Milliseconds of silence after which the line is dead: the server says something every 15 seconds. */
const SILENCE = 45_000;

/** What happens, as it happens. */
export class Events {
  constructor(protected readonly client: Client) {}

  /**
   * Listen to what happens: `for await (const event of layers.events.stream()) …`
   *
   * It opens itself again after a fault, and goes on after the last event it has heard. An event of type `reload` says
   * that this was not possible: read everything anew. It throws what will not pass, such as UnauthenticatedError.
   *
   * `GET /v1/events/stream`, scopes `publish:read`, `content:read`, `social:read`: each for its events.
   */
  stream(params: StreamParams = {}, options: StreamOptions = {}): EventStream {
    return new EventStream(this.client, params, options);
  }
}

/** A stream of events. Leaving the loop closes it, and so does `close()`. */
export class EventStream implements AsyncIterable<StreamEvent> {
  /** The last event heard: where another stream may go on. */
  lastEventId: string | undefined;
  readonly #closed = new AbortController();

  constructor(
    private readonly client: Client,
    private readonly params: StreamParams,
    private readonly options: StreamOptions,
  ) {
    this.lastEventId = params.lastEventId;
    const { signal } = options;
    if (signal?.aborted) this.close();
    else signal?.addEventListener("abort", () => this.close(), { once: true, signal: this.#closed.signal });
  }

  /** End the stream; the loop over it ends. */
  close(): void {
    this.#closed.abort();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamEvent, void, void> {
    const { signal } = this.#closed;
    try {
      for (let tried = 0; !signal.aborted; tried++) {
        try {
          for await (const event of this.#once()) {
            tried = 0;
            if (event) yield event;
          }
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof LayersError) || !error.retryable) throw error;
          this.options.onLost?.(error);
          await sleep(waitAfter(error, tried), signal).catch(() => undefined);
        }
      }
    } finally {
      this.close();
    }
  }

  /** Yields what one connection brings; undefined where it is open. Throws NetworkError at its end. */
  async *#once(): AsyncGenerator<StreamEvent | undefined, void, void> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (this.lastEventId !== undefined) headers["Last-Event-ID"] = this.lastEventId;
    const { projectId, types } = this.params;
    const line = new AbortController();
    const stop = () => line.abort();
    this.#closed.signal.addEventListener("abort", stop);
    let timer = setTimeout(stop, SILENCE);
    try {
      const response = await this.client.open(PATH, { projectId, types }, headers, line.signal);
      if (!response.ok || !response.headers.get("Content-Type")?.startsWith(headers.Accept!)) {
        read<never>(`GET ${PATH}`, response, await response.text());
      }
      this.options.onOpen?.();
      yield undefined;
      const decoder = new TextDecoder();
      const reader = response.body!.getReader();
      for (let rest = ""; ; ) {
        clearTimeout(timer);
        timer = setTimeout(stop, SILENCE);
        const { done, value } = await reader.read();
        if (done) break;
        const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
        rest = blocks.pop()!;
        for (const block of blocks) {
          const event = this.#read(block);
          if (event) yield event;
        }
      }
    } catch (error) {
      if (error instanceof LayersError) throw error;
      throw new NetworkError("The stream broke.", { cause: error });
    } finally {
      clearTimeout(timer);
      this.#closed.signal.removeEventListener("abort", stop);
      line.abort();
    }
    throw new NetworkError("The stream ended.");
  }

  #read(block: string): StreamEvent | undefined {
    const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    this.lastEventId = fields.get("id") ?? this.lastEventId;
    const data = fields.get("data");
    return data === undefined ? undefined : (JSON.parse(data) as StreamEvent);
  }
}
