/** Files as callers have them, made ready to be sent. */
import { readFile } from "#runtime";

/** A path (Node, Deno), a File or Blob, bytes or a stream; with a name of its own if need be. */
export type FileGiven = FileData | { data: FileData; name: string };

/** The bytes of a file, or where they are. */
export type FileData = string | URL | Blob | Uint8Array | ArrayBuffer | ReadableStream<Uint8Array>;

/** The form for a container, and how many bytes its files have. */
export async function formOf(
  files: readonly FileGiven[],
  words: Readonly<Record<string, string | undefined>>,
): Promise<{ form: FormData; total: number }> {
  const form = new FormData();
  let total = 0;
  for (const [name, text] of Object.entries(words)) if (text !== undefined) form.append(name, text);
  for (const file of files) {
    const { blob, name } = await blobOf(file);
    form.append("files", blob, name);
    total += blob.size;
  }
  return { form, total };
}

async function blobOf(file: FileGiven): Promise<{ blob: Blob; name: string }> {
  const { data, name } = named(file) ? file : { data: file, name: undefined };
  const blob =
    typeof data === "string" || data instanceof URL
      ? await readFile(data)
      : data instanceof Blob
        ? data
        : await new Response(data as BodyInit).blob();
  return { blob, name: name ?? (blob as Partial<File>).name ?? "file" };
}

function named(file: FileGiven): file is { data: FileData; name: string } {
  return typeof file === "object" && "data" in file;
}
