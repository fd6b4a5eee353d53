/** Content as it will look where it goes. Near enough to judge it by, not a copy of anybody's app. */
import type { SocialAccount } from "@layers/sdk";
import { Bookmark, Heart, MessageCircle, Music2, Repeat2, Send, Share } from "lucide-preact";
import type { ComponentType } from "preact";
import { modeNamed, titleOf, wordsOf } from "../catalog";
import { Avatar } from "../ui/Avatar";
import { Glyph } from "../ui/Glyph";
import { type Item, Media } from "./Media";
import { Words } from "./Words";
import "./previews.css";

export interface PreviewProps {
  account: Pick<SocialAccount, "platform" | "handle" | "displayName" | "avatarUrl">;
  mode: string;
  items: readonly Item[];
  caption: string;
  firstComment: string | null;
  options: Record<string, unknown>;
}

/** Which look a platform has in a mode; `*` is any other. What is not named here looks like a post of a timeline. */
const LOOKS: Record<string, Record<string, ComponentType<PreviewProps>>> = {
  tiktok: { "*": Vertical },
  instagram: { reels: Vertical, "*": Feed },
};

export function Preview({ kind, ...props }: PreviewProps & { kind: string }) {
  const looks = LOOKS[props.account.platform];
  const Look = props.items.length > 0 ? (looks?.[props.mode] ?? looks?.["*"] ?? Timeline) : Timeline;
  // What a mode has no place for is left out.
  const mode = modeNamed(props.account.platform, props.mode);
  const caption = mode && mode.caption[kind] === null ? "" : props.caption;
  const firstComment = mode && !mode.firstComment ? null : props.firstComment;
  return (
    <figure class="preview" data-platform={props.account.platform}>
      <Look {...props} caption={caption} firstComment={firstComment} />
      <figcaption class="unseen">
        {titleOf(props.account.platform)}, {wordsOf(props.mode)}, as {props.account.handle}
      </figcaption>
    </figure>
  );
}

/** The picture fills the screen, the words lie over it. */
function Vertical({ account, items, caption, firstComment }: PreviewProps) {
  return (
    <>
      <div class="vertical">
        <Media items={items} ratio={9 / 16} fit="contain" />
        <div class="rail" aria-hidden>
          <Avatar account={account} side={38} bare />
          <Heart size={26} />
          <MessageCircle size={26} />
          <Bookmark size={24} />
          <Share size={24} />
        </div>
        <div class="over">
          <strong>@{account.handle}</strong>
          <p>
            <Words text={caption} fold={90} />
          </p>
          <small>
            <Music2 size={12} aria-hidden /> Original sound
          </small>
        </div>
      </div>
      <FirstComment account={account} text={firstComment} />
    </>
  );
}

/** A picture in a feed: at most 4:5, the words below it. */
function Feed({ account, items, caption, firstComment, options }: PreviewProps) {
  const first = items[0];
  const own = first?.width && first.height ? first.width / first.height : 1;
  return (
    <>
      <div class="feed">
        <header>
          <Avatar account={account} side={30} bare />
          <strong>{account.handle}</strong>
          <Glyph platform={account.platform} />
        </header>
        <Media items={items} alts={altTexts(options)} ratio={Math.min(1.91, Math.max(0.8, own))} />
        <div class="signs" aria-hidden>
          <Heart size={22} />
          <MessageCircle size={22} />
          <Send size={22} />
          <Bookmark size={22} />
        </div>
        {caption && (
          <p>
            <strong>{account.handle}</strong> <Words text={caption} fold={125} />
          </p>
        )}
      </div>
      <FirstComment account={account} text={firstComment} />
    </>
  );
}

/** Words first, pictures below. */
function Timeline({ account, items, caption, firstComment, options }: PreviewProps) {
  const warning = typeof options.spoilerText === "string" ? options.spoilerText : "";
  return (
    <div class="timeline">
      <Entry account={account}>
        {warning && <p class="warning">{warning}</p>}
        {caption && (
          <p>
            <Words text={caption} />
          </p>
        )}
        <Media items={items} alts={altTexts(options)} />
        <div class="signs" aria-hidden>
          <MessageCircle size={17} />
          <Repeat2 size={18} />
          <Heart size={17} />
          <Share size={16} />
        </div>
      </Entry>
      {firstComment && (
        <Entry account={account} reply>
          <p>
            <Words text={firstComment} />
          </p>
        </Entry>
      )}
    </div>
  );
}

interface EntryProps {
  account: PreviewProps["account"];
  reply?: boolean;
  children: preact.ComponentChildren;
}

function Entry({ account, reply, children }: EntryProps) {
  return (
    <article class="entry" data-reply={reply}>
      <Avatar account={account} side={40} />
      <div>
        <header>
          <strong>{account.displayName || account.handle}</strong>
          <span class="faint">@{account.handle}</span>
        </header>
        {children}
      </div>
    </article>
  );
}

function FirstComment({ account, text }: { account: PreviewProps["account"]; text: string | null }) {
  if (!text) return null;
  return (
    <div class="first-comment">
      <Avatar account={account} side={28} bare />
      <div>
        <strong>{account.handle}</strong> <Words text={text} />
        <small class="faint">First comment</small>
      </div>
    </div>
  );
}

function altTexts(options: Record<string, unknown>): string[] {
  return Array.isArray(options.altTexts) ? options.altTexts.map(String) : [];
}
