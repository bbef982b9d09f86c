/** Making and updating DOM nodes. Text only goes in as text nodes, so nothing that a person or a device sent is markup. */

/** @import { Attributes, Child, Children, Part } from "./types.d.ts" */

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * Make an HTML element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes] null, undefined and false leave an attribute out; true makes an empty one
 * @param {Children} children nodes and text
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function html(tag, attributes = {}, ...children) {
  return fillElement(document.createElement(tag), attributes, children);
}

/**
 * Make an SVG element; as html().
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {Children} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, ...children) {
  return fillElement(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

/**
 * @template {HTMLElement | SVGElement} Node
 * @param {Node} node
 * @param {Attributes} attributes
 * @param {Children} children
 * @returns {Node}
 */
function fillElement(node, { on = {}, data = {}, ...attributes }, children) {
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, /** @type {EventListener} */ (listener));
  for (const [name, value] of Object.entries(data)) node.dataset[name] = String(value);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  node.append(...visible(children));
  return node;
}

/**
 * @param {Children} children
 * @returns {(Node | string)[]}
 */
const visible = (children) =>
  /** @type {Child[]} */ (children.flat()).filter((child) => child !== null && child !== undefined && child !== false);

/**
 * Replace the children of a node.
 * @param {Element} node
 * @param {Children} children
 */
export const replaceChildren = (node, ...children) => node.replaceChildren(...visible(children));

/**
 * Make a line icon of img/icons.svg. Words beside it say what it means.
 * @param {string} name the symbol's id
 * @returns {SVGElement}
 */
export const icon = (name) =>
  svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `/img/icons.svg#${name}` }));

/**
 * Set the text of a node if it differs, so that a screen reader does not repeat it.
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Keep the children of a node in step with a list. Each item keeps its part while it is in the list, so that focus and open
 * menus survive live updates.
 * @template Item
 * @param {Element} parent
 * @param {Map<string, Part<Item>>} parts what an earlier call left; empty at first
 * @param {Item[]} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => Part<Item>} makePart
 */
export function reconcileList(parent, parts, items, keyOf, makePart) {
  const keys = new Set(items.map(keyOf));
  for (const [key, part] of parts) {
    if (!keys.has(key)) {
      part.node.remove();
      parts.delete(key);
    }
  }
  items.forEach((item, index) => {
    const key = keyOf(item);
    const part = parts.get(key) ?? makePart(item);
    parts.set(key, part);
    part.update(item);
    if (parent.children[index] !== part.node) parent.insertBefore(part.node, parent.children[index] ?? null);
  });
}

/**
 * Find the one descendant that a selector names.
 * @template {Element} [Found=HTMLElement]
 * @param {ParentNode} node
 * @param {string} selector
 * @returns {Found}
 */
export function descendant(node, selector) {
  const match = node.querySelector(selector);
  if (!match) throw new Error(`Nothing matches ${selector}`);
  return /** @type {Found} */ (match);
}
