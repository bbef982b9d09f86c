/** Making and keeping DOM nodes. Text only ever goes in as text nodes, so nothing a person or a device sent is markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: attributes, `on` (listeners by event name), `data` (data-* hooks), then children (nodes or text).
 * An attribute of null, undefined or false is left out; true gives an empty one.
 */
export function html(tag, { on = {}, data = {}, ...attributes } = {}, ...children) {
  return filled(document.createElement(tag), on, data, attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), {}, {}, attributes, children);
}

function filled(node, on, data, attributes, children) {
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, listener);
  for (const [hook, value] of Object.entries(data)) node.dataset[hook] = value;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...shown(children));
  return node;
}

const shown = (children) => children.flat().filter((child) => child !== null && child !== undefined && child !== false);

/** Put these children in the place of those there are. */
export const replaceChildren = (node, ...children) => node.replaceChildren(...shown(children));

/** A line icon of img/icons.svg; words beside it say what it means. */
export const icon = (name) =>
  svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `/img/icons.svg#${name}` }));

/** Write only what changed, so that a screen reader is not told the same thing again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Keep the children of `parent` in step with `items`: each item has one part {node, update} for as long as it is there,
 * so focus and open menus survive live updates. `parts` is the Map of an earlier call, empty at first.
 */
export function reconcileList(parent, parts, items, keyOf, make) {
  const keys = new Set(items.map(keyOf));
  for (const [key, part] of parts) {
    if (!keys.has(key)) {
      part.node.remove();
      parts.delete(key);
    }
  }
  items.forEach((item, index) => {
    const key = keyOf(item);
    if (!parts.has(key)) parts.set(key, make(item));
    const { node, update } = parts.get(key);
    update(item);
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
}
