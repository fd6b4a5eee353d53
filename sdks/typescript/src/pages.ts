/** One page of a list. */
export interface Page<T> {
  items: T[];
  /** Where the next page begins; null: this is the last. */
  nextCursor: string | null;
}

/**
 * A list that fetches itself, page by page, as far as it is read.
 *
 * `for await (const item of list)` goes through all items, `list.pages()` through the pages, and `await list` is the
 * first page. Nothing is asked before.
 */
export class Pages<T> implements AsyncIterable<T>, PromiseLike<Page<T>> {
  readonly #fetch: (cursor?: string) => Promise<Page<T>>;

  constructor(fetch: (cursor?: string) => Promise<Page<T>>) {
    this.#fetch = fetch;
  }

  /** The pages, one after the other. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    let page = await this.#fetch();
    yield page;
    while (page.nextCursor !== null) {
      page = await this.#fetch(page.nextCursor);
      yield page;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.items;
  }

  /** All items, or the first `atMost`. */
  async toArray(atMost = Infinity): Promise<T[]> {
    const items: T[] = [];
    if (atMost <= 0) return items;
    for await (const item of this) {
      items.push(item);
      if (items.length >= atMost) break;
    }
    return items;
  }

  /** The first page. */
  then<A = Page<T>, B = never>(
    fulfilled?: ((page: Page<T>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#fetch().then(fulfilled, rejected);
  }
}
