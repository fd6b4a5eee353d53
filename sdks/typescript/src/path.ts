/** A path whose ids are escaped. An id that is missing or no name at all would call another endpoint: TypeError. */
export function path(words: TemplateStringsArray, ...ids: string[]): string {
  return ids.reduce((before, id, index) => {
    if (typeof id !== "string" || /^\.{0,2}$/.test(id)) {
      throw new TypeError(`An id is needed after ${before}, got ${JSON.stringify(id)}.`);
    }
    return before + encodeURIComponent(id) + words[index + 1];
  }, words[0]!);
}
