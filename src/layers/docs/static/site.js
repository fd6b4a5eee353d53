// What the pages do beyond being read: search, tabs, copying, the menu, light and dark. Without it all text is there.
const $ = (selector, inside = document) => inside.querySelector(selector);
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const keep = (name, value) => {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Not remembered, then.
  }
};
const kept = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};
const page = document.documentElement;

// Light and dark ----------------------------------------------------------------------------------------------------

$(".theme").addEventListener("click", () => {
  const dark = page.dataset.theme ? page.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  page.dataset.theme = dark ? "light" : "dark";
  keep("layers-theme", page.dataset.theme);
});

// The menu on a phone -----------------------------------------------------------------------------------------------

const menu = $(".menu");
const showMenu = (shown) => {
  document.body.classList.toggle("menu-open", shown);
  menu.setAttribute("aria-expanded", String(shown));
};
menu.addEventListener("click", () => showMenu(!document.body.classList.contains("menu-open")));
$(".frame").addEventListener("click", (event) => {
  if (document.body.classList.contains("menu-open") && !event.target.closest(".nav")) showMenu(false);
});
const current = $('.nav [aria-current="page"]');
if (current) {
  const nav = $(".nav");
  nav.scrollTop = Math.max(0, current.offsetTop - nav.clientHeight / 2);
}

// Tabs: the choice holds for all pages ------------------------------------------------------------------------------

const choose = (name) => {
  for (const group of all(".tabs")) {
    const names = all("[role=tab]", group).map((tab) => tab.textContent);
    const shown = names.includes(name) ? name : names[0];
    all("[role=tab]", group).forEach((tab) => {
      const selected = tab.textContent === shown;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
    });
    all(".code", group).forEach((block) => block.classList.toggle("shown", block.dataset.tab === shown));
  }
};
all(".tabs").forEach((group, count) => {
  const bar = make("div", { className: "bar" });
  bar.setAttribute("role", "tablist");
  all(".code", group).forEach((block, index) => {
    const tab = make("button", { type: "button", id: `site-tab-${count}-${index}`, textContent: block.dataset.tab });
    tab.setAttribute("role", "tab");
    block.setAttribute("role", "tabpanel");
    block.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => {
      const before = tab.getBoundingClientRect().top;
      choose(tab.textContent);
      keep("layers-tab", tab.textContent);
      scrollBy(0, tab.getBoundingClientRect().top - before);
    });
    bar.append(tab);
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = all("[role=tab]", bar);
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  });
  group.prepend(bar);
});
choose(kept("layers-tab"));

// Copying -----------------------------------------------------------------------------------------------------------

const copies = (text) => {
  const button = make("button", { type: "button", className: "copy", textContent: "Copy" });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
};
for (const block of all(".code")) block.append(copies(() => $("code", block).textContent.trimEnd()));
for (const endpoint of all(".endpoint")) endpoint.append(copies(() => $("code", endpoint).dataset.copy));

// On this page: where the reader is ---------------------------------------------------------------------------------

const places = new Map(all(".toc a").map((link) => [link.hash.slice(1), link]));
const headings = all("article :is(h2, h3)[id]").filter((heading) => places.has(heading.id));
const follow = () => {
  const above = headings.filter((heading) => heading.getBoundingClientRect().top < 120);
  const now = above.at(-1) ?? headings[0];
  for (const [anchor, link] of places) link.classList.toggle("here", anchor === now?.id);
};
if (headings.length) {
  let waiting = false;
  addEventListener(
    "scroll",
    () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        follow();
      });
    },
    { passive: true },
  );
  follow();
}

// Search ------------------------------------------------------------------------------------------------------------

const dialog = $("dialog.search");
const input = $("input", dialog);
const list = $("ol", dialog);
const hint = $(".hint", dialog);
let loading;

const load = () => {
  loading ??= new Promise((loaded, failed) => {
    const script = make("script", { src: `${page.dataset.root}search-index.js`, onload: loaded, onerror: failed });
    document.head.append(script);
  });
  return loading;
};

// An entry: page, where it stands, anchor, heading, how it begins, its words once each.
const score = ([, where, , heading, , words], terms, whole) => {
  const title = where.slice(where.indexOf("›") + 2).toLowerCase();
  const own = heading.toLowerCase();
  let points = (own || title) === whole ? 60 : 0;
  for (const term of terms) {
    const inText = ` ${words} `;
    const found =
      (` ${own}`.includes(` ${term}`) ? 12 : own.includes(term) ? 6 : 0) +
      (` ${title}`.includes(` ${term}`) ? (own ? 5 : 20) : 0) +
      (inText.includes(` ${term} `) ? 4 : inText.includes(` ${term}`) ? 2 : term.length > 3 && words.includes(term) ? 1 : 0);
    if (!found) return 0;
    points += found;
  }
  return points;
};

const find = (text) => {
  const terms = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!terms.length) return [];
  return window.searchIndex
    .map((entry) => [score(entry, terms, terms.join(" ")), entry])
    .filter(([points]) => points)
    .sort(([one], [other]) => other - one)
    .slice(0, 20)
    .map(([, entry]) => entry);
};

const marked = (text, terms) => {
  const pattern = terms.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return text.split(new RegExp(`(${pattern})`, "i")).map((part, at) => (at % 2 ? make("mark", {}, part) : part));
};

const address = (name, anchor) => {
  const home = name === "index" && !page.dataset.suffix;
  const path = home ? page.dataset.root.replace(/\/$/, "") : `${page.dataset.root}${name}${page.dataset.suffix}`;
  return anchor ? `${path}#${anchor}` : path;
};

const select = (item) => {
  for (const one of list.children) one.setAttribute("aria-selected", String(one === item));
  item?.scrollIntoView({ block: "nearest" });
};

const show = async () => {
  await load();
  const text = input.value.trim();
  const terms = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = find(text);
  list.replaceChildren(
    ...found.map(([name, where, anchor, heading, begins]) => {
      const title = heading || where.slice(where.indexOf("›") + 2);
      const link = make(
        "a",
        { href: address(name, anchor) },
        make("small", {}, heading ? where : where.slice(0, where.indexOf("›") - 1)),
        make("b", {}, ...marked(title, terms)),
        make("span", {}, ...marked(begins, terms)),
      );
      link.addEventListener("click", () => dialog.close());
      const item = make("li", {}, link);
      item.setAttribute("role", "option");
      return item;
    }),
  );
  hint.textContent = text && !found.length ? `Nothing about “${text}”.` : "";
  select(list.firstElementChild);
};

const open = () => {
  if (dialog.open) return;
  dialog.showModal();
  input.select();
  load().then(show, () => (hint.textContent = "The search index could not be loaded."));
};

$(".find").addEventListener("click", open);
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
input.addEventListener("input", show);
input.addEventListener("keydown", (event) => {
  const now = $('[aria-selected="true"]', list);
  if (event.key === "Enter") {
    event.preventDefault();
    $("a", now ?? list)?.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    select((event.key === "ArrowDown" ? now?.nextElementSibling : now?.previousElementSibling) ?? now);
  }
});
addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if ((event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) || (event.key === "k" && (event.ctrlKey || event.metaKey))) {
    event.preventDefault();
    open();
  } else if (event.key === "Escape") {
    showMenu(false);
  }
});
