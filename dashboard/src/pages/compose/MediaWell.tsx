import { ArrowLeft, ArrowRight, ImagePlus, X } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { Button } from "../../ui/Button";
import type { Draft, Picked } from "./draft";

const MOST = 10;
const ACCEPTED = "video/mp4,video/quicktime,image/jpeg,image/png,image/webp,image/gif";
/** What a tile that is dragged carries. */
const TILE = "application/x-layers-tile";

/** Takes files, several at once, and lets them be put in order. They are sent by themselves. */
export function MediaWell({ draft }: { draft: Draft }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const files = draft.files.value;
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer?.files.length) draft.pick(event.dataTransfer.files);
  };
  return (
    <section
      class="well"
      data-over={over || undefined}
      aria-label="Media"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(event.dataTransfer?.types.includes("Files") ?? false);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={dropped}
    >
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={ACCEPTED}
        onChange={(event) => {
          draft.pick(event.currentTarget.files ?? []);
          event.currentTarget.value = "";
        }}
      />
      {files.length > 0 && (
        <ol class="tiles">
          {files.map((picked, index) => (
            <Tile key={picked.key} picked={picked} index={index} last={index === files.length - 1} draft={draft} />
          ))}
        </ol>
      )}
      {files.length < MOST && (
        <button type="button" class="well-add" data-small={files.length > 0 || undefined} onClick={() => input.current?.click()}>
          <ImagePlus size={20} aria-hidden />
          {files.length > 0 ? (
            "Add more"
          ) : (
            <span>
              <strong>Add a video or images</strong>
              <small class="faint">or drop them here, up to ten. Without media it is a text post.</small>
            </span>
          )}
        </button>
      )}
      <Progress draft={draft} />
    </section>
  );
}

function Progress({ draft }: { draft: Draft }) {
  const share = draft.progress.value;
  if (share === undefined) return null;
  const percent = Math.round(share * 100);
  return (
    <div class="progress-line" role="progressbar" aria-label="Upload" aria-valuenow={percent}>
      <span style={{ scale: `${share} 1` }} />
      <small class="soft numbers">{share < 1 ? `Uploading, ${percent} %` : "Looking at it …"}</small>
    </div>
  );
}

interface TileProps {
  picked: Picked;
  index: number;
  last: boolean;
  draft: Draft;
}

/** One file. Dragged onto another it takes its place; its arrows do the same. */
function Tile({ picked: { key, file, url }, index, last, draft }: TileProps) {
  return (
    <li
      class="tile"
      draggable
      onDragStart={(event) => event.dataTransfer?.setData(TILE, key)}
      onDrop={(event) => {
        const moved = event.dataTransfer?.getData(TILE);
        if (!moved) return;
        event.preventDefault();
        event.stopPropagation();
        draft.move(moved, index);
      }}
    >
      {file.type.startsWith("video/") ? (
        <video src={`${url}#t=0.1`} preload="metadata" muted aria-label={file.name} />
      ) : (
        <img src={url} alt={file.name} draggable={false} />
      )}
      <div class="tile-tools">
        {!(index === 0 && last) && (
          <>
            <Button
              tone="quiet"
              icon={ArrowLeft}
              aria-label={`Move ${file.name} forward`}
              disabled={index === 0}
              onClick={() => draft.move(key, index - 1)}
            />
            <Button
              tone="quiet"
              icon={ArrowRight}
              aria-label={`Move ${file.name} back`}
              disabled={last}
              onClick={() => draft.move(key, index + 1)}
            />
          </>
        )}
        <Button tone="quiet" icon={X} aria-label={`Remove ${file.name}`} onClick={() => draft.drop(key)} />
      </div>
    </li>
  );
}
