// The page of `shipload du --html`: a treemap of the context, and tables beside it.
//
// The data is one array for each property of a node, in the order of the archive: `names`, `sizes` in bytes, `spans` (how many
// nodes are below), and `flags`, a letter each: d directory, p directory that is no entry itself, f file, l link, o other; in
// capitals what the Dockerfile does not read. Node 0 is the context. Names are only ever set as text.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const { names, spans, flags } = data;
const count = names.length;
const bytes = Float64Array.from(data.sizes);
const unread = new Float64Array(count);
const entries = new Float64Array(count);
const parents = new Int32Array(count).fill(-1);
const isDir = (node) => "dDp".includes(flags[node]);
const isLeft = (node) => flags[node] < "a";

// What is below a node stands behind it, so the sums are made from the end. As rules count, a directory is one of its entries.
{
  const open = [];
  for (let node = 0; node < count; node++) {
    while (open.length && open[open.length - 1].end < node) open.pop();
    if (open.length) parents[node] = open[open.length - 1].node;
    if (isDir(node)) open.push({ node, end: node + spans[node] });
  }
  for (let node = count - 1; node >= 0; node--) {
    if (!isDir(node) && isLeft(node)) unread[node] = bytes[node];
    if (flags[node] !== "p") entries[node] += 1;
    if (node === 0) break;
    const parent = parents[node];
    bytes[parent] += bytes[node];
    unread[parent] += unread[node];
    entries[parent] += entries[node];
  }
}

/** Whether none of a node's bytes is read. */
const isUnread = (node) => (isDir(node) ? bytes[node] > 0 && unread[node] === bytes[node] : isLeft(node));

/** A node and the directories above it, from the context down. */
function lineage(node) {
  const line = [];
  for (let at = node; at >= 0; at = parents[at]) line.unshift(at);
  return line;
}

const path = (node) => (node === 0 ? "the context" : lineage(node).slice(1).map((at) => names[at]).join("/"));
const bySize = (a, b) => bytes[b] - bytes[a] || entries[b] - entries[a] || a - b;
const sorted = new Map();

/** What is right in a directory, largest first. */
function children(node) {
  let found = sorted.get(node);
  if (!found) {
    found = [];
    for (let child = node + 1; child <= node + spans[node]; child += spans[child] + 1) found.push(child);
    sorted.set(node, found.sort(bySize));
  }
  return found;
}

// ---- Words

const grouped = (number) => number.toLocaleString("en-US");
const plural = (number, noun, nouns) => `${grouped(number)} ${number === 1 ? noun : nouns}`;

/** A share, which is nothing or all only if it is so exactly. */
function percent(part, whole) {
  if (part === 0) return "0 %";
  const share = (100 * part) / whole;
  if (share < 0.1) return "< 0.1 %";
  if (share >= 99.5 && part < whole) return "> 99 %";
  return `${share.toFixed(share < 9.95 ? 1 : 0)} %`;
}

/** To three digits, in decimal units, as the program shows sizes. */
function size(value) {
  if (value < 1000) return `${value} B`;
  let unit = "B";
  for (const next of ["kB", "MB", "GB", "TB", "PB", "EB"]) {
    if (value < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${unit}`;
}

const kind = (node) => ({ d: "directory", p: "directory", f: "file", l: "link", o: "special file" })[flags[node].toLowerCase()];

/** How much of something the Dockerfile reads, in words; nothing where that is not known. */
function share(left, all) {
  if (data.unread === null) return "";
  return left === all ? "not read" : left > 0 ? `${percent(left, all)} not read` : "read";
}

const reading = (node) => (bytes[node] > 0 ? share(unread[node], bytes[node]) : share(Number(isLeft(node)), 1));

const counted = (node) => plural(entries[node], "entry", "entries");
const weight = (node) => `${size(bytes[node])}, ${counted(node)}`;

function details(node) {
  return [kind(node), size(bytes[node]), percent(bytes[node], bytes[0]), isDir(node) ? counted(node) : "", reading(node)].filter(Boolean).join(", ");
}

const titled = (node) => names[node] + (isDir(node) ? "/" : "");

/** Text that is written from right to left does not turn around what is beside it. */
const apart = (text) => `\u2068${text}\u2069`;

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const byId = (id) => document.getElementById(id);
const canvas = byId("map"), list = byId("list"), info = byId("info"), voice = byId("voice");

// ---- The treemap

const dark = matchMedia("(prefers-color-scheme: dark)");
const HUES = [212, 150, 32, 280, 2, 184, 92, 328, 54, 250];
const HEAD = 18, GAP = 2, NAMED = 46;
const LEAST = 36; // square pixels

/** The colours of a part of the map; the more deeply nested, the closer to the ground. */
function colours(hue, depth, left) {
  const light = dark.matches ? 17 + 4 * Math.min(depth, 3) : 79 + 4 * Math.min(depth, 3);
  const hsl = (saturation, lightness) => `hsl(${hue} ${saturation}% ${lightness}%)`;
  const strong = dark.matches ? 45 : 70;
  return { fill: hsl(left ? 12 : strong, light), line: hsl(left ? 12 : strong, dark.matches ? light + 17 : light - 17), ink: dark.matches ? "#fff" : "#111" };
}

const hatchings = new Map();

function hatching(colour) {
  if (hatchings.has(colour)) return hatchings.get(colour);
  const tile = element("canvas", { width: 8, height: 8 });
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const x of [-8, 0, 8]) { pen.moveTo(x - 1, 9); pen.lineTo(x + 9, -1); }
  pen.stroke();
  hatchings.set(colour, tile);
  return tile;
}

/** Bruls, Huizing and van Wijk, "Squarified treemaps" (2000). Those too small to be told apart are placed together at the end. */
function squarify(nodes, { x, y, w, h }, place, placeRest) {
  let left = nodes.reduce((sum, node) => sum + bytes[node], 0);
  const least = (LEAST * left) / (w * h);
  const small = nodes.findIndex((node) => bytes[node] < least);
  const stop = small < 0 || small === nodes.length - 1 ? nodes.length : small;
  for (let first = 0; first < stop && bytes[nodes[first]] > 0 && w * h > 4; ) {
    const side = Math.min(w, h), scale = (w * h) / left;
    let row = 0, worst = Infinity, end = first;
    for (; end < stop && bytes[nodes[end]] > 0; end++) {
      const thick = ((row + bytes[nodes[end]]) * scale) / side;
      const ratio = (node) => { const long = (bytes[node] * scale) / thick; return Math.max(long / thick, thick / long); };
      const next = Math.max(ratio(nodes[first]), ratio(nodes[end]));
      if (next > worst) break;
      worst = next;
      row += bytes[nodes[end]];
    }
    const thick = (row * scale) / side;
    for (let at = 0; first < end; first++) {
      const long = (bytes[nodes[first]] * scale) / thick;
      place(nodes[first], w < h ? { x: x + at, y, w: long, h: thick } : { x, y: y + at, w: thick, h: long });
      at += long;
    }
    if (w < h) { y += thick; h -= thick; } else { x += thick; w -= thick; }
    left -= row;
  }
  if (stop < nodes.length && w * h > 4) placeRest(nodes.slice(stop), { x, y, w, h });
}

let shown = 0; // the directory that is shown
let chosen = -1; // one of its children
let tiles = []; // where its children are drawn
let boxes = []; // where they and all below them are drawn, with a text if it is no node; what is inside another stands behind it
const picture = element("canvas"); // the map before anything is chosen

/** Draws the map anew: a directory, a size or colours have changed. */
function draw() {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = devicePixelRatio || 1;
  picture.width = Math.round(width * ratio);
  picture.height = Math.round(height * ratio);
  const pen = picture.getContext("2d");
  pen.scale(ratio, ratio);
  pen.font = "13px system-ui, 'DejaVu Sans', sans-serif";
  pen.textBaseline = "middle";
  const ground = getComputedStyle(document.body).backgroundColor;
  pen.fillStyle = ground;
  pen.fillRect(0, 0, width, height);
  tiles = [];
  boxes = [];

  const label = (text, rect, { fill, ink }, left) => {
    let shortened = text;
    const room = rect.w - 10;
    for (let length = text.length; length > 1 && pen.measureText(shortened).width > room; ) {
      length = Math.min(length - 1, Math.ceil((length * room) / pen.measureText(shortened).width));
      // Not within a character that takes two units.
      shortened = text.slice(0, length).replace(/[\ud800-\udbff]$/, "") + "…";
    }
    const wide = pen.measureText(shortened).width;
    if (wide > room) return;
    if (left) {
      pen.fillStyle = fill;
      pen.fillRect(rect.x + 2, rect.y + 2, wide + 6, HEAD - 3);
    }
    pen.fillStyle = ink;
    pen.fillText(shortened, rect.x + 5, rect.y + HEAD / 2 + 1);
  };

  /** Draws a box with its label, and gives the room below that; nothing where that is too little to be drawn in. */
  const draft = (box, text, hue, depth, left, holds) => {
    const gap = Math.min(GAP, box.w / 6, box.h / 6);
    const { x, y, w, h } = { x: box.x + gap / 2, y: box.y + gap / 2, w: box.w - gap, h: box.h - gap };
    if (w < 1 || h < 1) return undefined;
    boxes.push(box);
    const colour = colours(hue, depth, left);
    pen.fillStyle = colour.fill;
    pen.fillRect(x, y, w, h);
    if (left && !(holds && w > 24 && h > 24 + HEAD)) {
      pen.fillStyle = pen.createPattern(hatching(colour.line), "repeat");
      pen.fillRect(x, y, w, h);
    }
    if (depth === 0 || (w > 5 && h > 5)) {
      pen.lineWidth = 1;
      pen.strokeStyle = colour.line;
      pen.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
    }
    // The frame of what is chosen covers the edge of the outermost tiles.
    const inset = depth === 0 ? 3 : 0;
    const named = w > NAMED && h > HEAD + inset;
    if (named) label(text, { x: x + inset, y: y + inset, w: w - inset }, colour, left);
    const head = named ? HEAD + inset : 3;
    return w > 12 && h > 12 + head ? { x: x + 3, y: y + head, w: w - 6, h: h - head - 3 } : undefined;
  };

  const tile = (node, rect, hue, depth) => {
    const text = depth === 0 ? `${apart(titled(node))}  ${size(bytes[node])}` : names[node];
    const room = draft({ node, ...rect }, text, hue, depth, isUnread(node), isDir(node));
    if (!room || !isDir(node)) return;
    squarify(children(node), room, (child, place) => tile(child, place, hue, depth + 1), (small, place) => rest(small, place, hue, depth + 1));
  };

  const rest = (small, rect, hue, depth) => {
    const [all, left] = [bytes, unread].map((values) => small.reduce((sum, node) => sum + values[node], 0));
    const text = [`${grouped(small.length)} too small to draw: ${size(all)}`, share(left, all)].filter(Boolean).join(", ");
    draft({ text, ...rect }, text, hue, depth, left === all, false);
  };

  const hue = () => HUES[tiles.length % HUES.length];
  squarify(children(shown), { x: 0, y: 0, w: width, h: height }, (node, rect) => {
    tile(node, rect, hue(), 0);
    tiles.push({ node, ...rect });
  }, (small, rect) => rest(small, rect, hue(), 0));
  if (!boxes.length) {
    pen.fillStyle = dark.matches ? "#fff" : "#111";
    pen.fillText("Nothing in this directory has bytes.", 16, 24);
  }
  frame();
}

/** Shows the map with a frame around what is chosen. */
function frame() {
  canvas.width = picture.width;
  canvas.height = picture.height;
  const pen = canvas.getContext("2d");
  if (picture.width && picture.height) pen.drawImage(picture, 0, 0);
  const box = tiles.find(({ node }) => node === chosen);
  if (!box) return;
  const ratio = devicePixelRatio || 1;
  pen.scale(ratio, ratio);
  const { backgroundColor } = getComputedStyle(document.body);
  pen.lineWidth = 5;
  pen.strokeStyle = backgroundColor;
  pen.strokeRect(box.x + 3, box.y + 3, box.w - 6, box.h - 6);
  pen.lineWidth = 3;
  pen.strokeStyle = getComputedStyle(document.body).getPropertyValue("--accent");
  pen.strokeRect(box.x + 2, box.y + 2, box.w - 4, box.h - 4);
}

// ---- The directory that is shown, as a list

const LISTED = 250;

function show(node) {
  shown = node;
  byId("crumbs").firstElementChild.replaceChildren(...lineage(node).map((dir) => {
    const called = dir === 0 ? data.name : names[dir];
    const button = element("button", { type: "button", textContent: called, title: called, onclick: () => open(dir) });
    if (dir === node) button.setAttribute("aria-current", "location");
    return element("li", {}, button);
  }));
  const all = children(node);
  byId("level-title").replaceChildren(element("bdi", { textContent: node === 0 ? "The context" : path(node) }), `: ${weight(node)}`);
  list.replaceChildren(...all.slice(0, LISTED).map((child) => {
    const item = element("li", { id: `n${child}`, title: titled(child), onclick: () => (isDir(child) ? open(child) : choose(child)) },
      element("b", { textContent: titled(child) }), element("span", { textContent: size(bytes[child]) }),
      element("small", { textContent: isDir(child) ? counted(child) : kind(child) }),
      element("small", { textContent: reading(child) }));
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    return item;
  }));
  const more = all.length - LISTED;
  byId("rest").textContent = more > 0 ? `and ${grouped(more)} more` : all.length ? "" : "This directory is empty.";
  list.scrollTop = 0;
  canvas.setAttribute("aria-label", `Treemap of ${path(node)}: ${details(node)}`);
  choose(all.length ? all[0] : -1, "quietly");
  draw();
}

let wanted = -1; // what is to be chosen in the directory that is opened

/** Opens a directory, so that the browser's way back leads here. */
function open(node, choice = -1) {
  wanted = choice;
  if (node !== shown) history.pushState(null, "", `#${node}`);
  follow();
  voice.textContent = `${path(node)}: ${details(node)}`;
}

function choose(node, quietly) {
  byId(`n${chosen}`)?.setAttribute("aria-selected", "false");
  chosen = node;
  const item = byId(`n${node}`);
  item?.setAttribute("aria-selected", "true");
  item?.scrollIntoView({ block: "nearest" });
  if (item) list.setAttribute("aria-activedescendant", item.id);
  else list.removeAttribute("aria-activedescendant");
  describe(node);
  if (!quietly && node >= 0) voice.textContent = `${names[node]}: ${details(node)}`;
  frame();
}

function describe(node) {
  if (node >= 0) info.replaceChildren(element("bdi", { textContent: path(node) }), `: ${details(node)}`);
  else info.textContent = "\u00a0";
}

/** Where the mouse is on the map. */
const under = ({ offsetX: x, offsetY: y }) => (box) => x >= box.x && x < box.x + box.w && y >= box.y && y < box.y + box.h;

// A click goes a level down, and the mouse tells of all levels.
canvas.onclick = (event) => {
  const tile = tiles.find(under(event));
  if (tile) isDir(tile.node) ? open(tile.node) : choose(tile.node);
};
canvas.onmousemove = (event) => {
  const { node, text } = boxes.findLast(under(event)) ?? {};
  if (text) info.textContent = text;
  else describe(node ?? chosen);
};
canvas.onmouseleave = () => describe(chosen);

/** The tile that is next in a direction: near along it, and not far beside it. */
function neighbour(dx, dy) {
  const from = tiles.find(({ node }) => node === chosen);
  if (!from) return tiles[0]?.node;
  const middle = ({ x, y, w, h }) => [x + w / 2, y + h / 2];
  const [x, y] = middle(from);
  let best, least = Infinity;
  for (const tile of tiles) {
    const [tx, ty] = middle(tile);
    const along = (tx - x) * dx + (ty - y) * dy, beside = Math.abs((tx - x) * dy) + Math.abs((ty - y) * dx);
    if (along > 0.5 && along + 2 * beside < least) [best, least] = [tile.node, along + 2 * beside];
  }
  return best;
}

function down() {
  if (chosen >= 0 && isDir(chosen)) open(chosen);
}

function up() {
  if (shown > 0) open(parents[shown], shown);
}

function keys(event, move) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const all = children(shown);
  const next = move[event.key]?.() ?? { Home: all[0], End: all[Math.min(all.length, LISTED) - 1] }[event.key];
  if (next !== undefined) choose(next);
  else if (event.key === "Enter" || event.key === " ") down();
  else if (event.key === "Escape" || event.key === "Backspace") up();
  else if (!event.key.startsWith("Arrow")) return;
  event.preventDefault();
}

canvas.onkeydown = (event) => keys(event, {
  ArrowLeft: () => neighbour(-1, 0), ArrowRight: () => neighbour(1, 0), ArrowUp: () => neighbour(0, -1), ArrowDown: () => neighbour(0, 1),
});
list.onkeydown = (event) => {
  const all = children(shown).slice(0, LISTED), at = all.indexOf(chosen);
  keys(event, { ArrowUp: () => all[at - 1], ArrowDown: () => all[at + 1], ArrowLeft: () => void up(), ArrowRight: () => void down() });
};

function follow() {
  const node = Number(location.hash.slice(1));
  show(Number.isInteger(node) && node >= 0 && node < count && isDir(node) ? node : 0);
  if (wanted >= 0 && parents[wanted] === shown) choose(wanted, "quietly");
  wanted = -1;
}
onpopstate = follow;
new ResizeObserver(([{ contentRect: { width, height } }]) => {
  // It is told of the first size, too.
  const ratio = devicePixelRatio || 1;
  if (picture.width !== Math.round(width * ratio) || picture.height !== Math.round(height * ratio)) draw();
}).observe(canvas);
dark.onchange = draw;

// ---- Head and tables

const ROWS = 50;

/** The first of many numbers in an order, without sorting them all. */
function foremost(matches, order) {
  const found = [];
  for (let node = 1; node < count; node++) {
    if (!matches(node)) continue;
    found.push(node);
    if (found.length > 50 * ROWS) found.sort(order).splice(ROWS);
  }
  return found.sort(order).slice(0, ROWS);
}

const number = (text) => element("td", { className: "number", textContent: text });

/** A node's path, which leads to it. */
function link(node, ...notes) {
  const go = () => {
    if (isDir(node)) open(node); else open(parents[node], node);
    canvas.scrollIntoView({ block: "center" });
    canvas.focus({ preventScroll: true });
  };
  return element("td", { className: "text" }, element("button", { type: "button", textContent: path(node) + (isDir(node) ? "/" : ""), onclick: go }), ...notes);
}

function table(title, note, heads, rows) {
  if (!note && !rows.length) return;
  const section = element("section", {}, element("h2", { textContent: title }));
  const id = `t${byId("tables").children.length}`;
  section.firstChild.id = id;
  section.setAttribute("aria-labelledby", id);
  if (note) section.append(element("p", { textContent: note }));
  if (rows.length) {
    const head = element("tr", {}, ...heads.map((text, at) => {
      const cell = element("th", { scope: "col", textContent: text, className: at < heads.length - 1 ? "number" : "" });
      return cell;
    }));
    const scroller = element("div", { tabIndex: 0 }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells)))));
    scroller.setAttribute("role", "region");
    scroller.setAttribute("aria-labelledby", id);
    section.append(scroller);
  }
  byId("tables").append(section);
}

function start() {
  const facts = [["in files", size(data.total[0])], ["entries", grouped(data.total[1])], ["as an archive, uncompressed", size(data.archive)]];
  if (data.unread) facts.push(["not read by the Dockerfile", `${size(data.unread[0])} (${percent(data.unread[0], data.total[0])})`]);
  byId("facts").append(...facts.map(([name, value]) => element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }))));

  const legend = data.unread ? [["read by the Dockerfile", false], ["not read", true]] : [["what the Dockerfile reads cannot be told", false]];
  const swatch = (left) => {
    const made = element("i", {}), [first, second, third] = HUES.map((hue) => colours(hue, 1, left));
    made.style.background = left
      ? `repeating-linear-gradient(135deg, ${first.line} 0 1.5px, ${first.fill} 1.5px 6px)`
      : `linear-gradient(90deg, ${first.fill} 33%, ${second.fill} 33% 67%, ${third.fill} 67%)`;
    return made;
  };
  const explain = () => byId("legend").replaceChildren(...legend.map(([text, left]) => element("li", {}, swatch(left), text)));
  explain();
  dark.addEventListener("change", explain);

  const row = (node) => [number(size(bytes[node])), number(grouped(entries[node])), link(node)];
  const readers = (texts) => (texts.length ? [element("small", { textContent: `read by ${texts.join(", ")}` })] : []);
  if (data.rules.length) {
    table("Rules that would take the most out", "", ["size", "entries", "rule for the ignore file"], data.rules.map(([rule, size_, entries_, unread_, read]) => {
      const notes = read.length ? readers(read) : unread_ !== null ? [element("small", { textContent: "not read" })] : [];
      return [number(size(size_)), number(grouped(entries_)), element("td", { className: "text" }, element("code", { textContent: rule }), ...notes)];
    }));
  }
  if (data.unread) {
    const rows = foremost((node) => isUnread(node) && !(parents[node] > 0 && isUnread(parents[node])), bySize);
    table("Not read by the Dockerfile", rows.length ? "" : "Everything is read.", ["size", "entries", "path"], rows.map(row));
  }
  table("Biggest directories", "", ["size", "entries", "directory"], foremost(isDir, bySize).map(row));
  table("Biggest files", "", ["size", "file"], foremost((node) => !isDir(node) && bytes[node] > 0, bySize).map((node) => [number(size(bytes[node])), link(node)]));
  if (data.changes) {
    const nodes = new Map(data.changes.files.map(([name]) => [name, -1]));
    for (let node = 1; node < count; node++) if (!isDir(node) && nodes.size && nodes.has(path(node))) nodes.set(path(node), node);
    table("Changed most often in git", data.changes.note, ["commits", "file"], data.changes.files.map(([name, commits, read]) => {
      const node = nodes.get(name);
      const file = node > 0 ? link(node, ...readers(read)) : element("td", { className: "text", textContent: name });
      return [number(grouped(commits)), file];
    }));
  }
  follow();
}

start();
document.documentElement.dataset.ready = Math.round(performance.now());
