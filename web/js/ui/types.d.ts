/** Shapes that the parts of the page share. */

/** What may stand inside an element; null, undefined and false stand for nothing. */
export type Child = Node | string | null | undefined | false;
export type Children = (Child | readonly Child[])[];

/** Attributes of an element, `on` its listeners by event name, `data` its data-* attributes. */
export type Attributes = {
  on?: { [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => unknown },
  data?: Record<string, string | number | boolean>,
  [attribute: string]: unknown,
};

/** A node and the function that shows an item in it. */
export type Part<Item> = { node: HTMLElement, update: (item: Item) => void };

/** One page: its title, its node, and what to do after each change of the store. */
export type Page = { title: string, node: HTMLElement, update: () => void, isLinked?: boolean };

/** A part of a page that fetches its content: see loader.js. */
export type Loader<Content> = {
  node: HTMLElement, refresh: () => Promise<void>, refreshAfter: (ms: number) => void, show: (content: Content) => void,
};

/** The values of a form by the names of its fields: text, or whether a box is ticked. */
export type FormValues = Record<string, any>;
export type FieldProblem = { field?: string | null, message: string };

/** Attributes of a field; those that are not named here go to its control. */
export type FieldOptions = { name: string, label: string, hint?: string | false | null, [attribute: string]: unknown };

/** A figure and its unit. */
export type Quantity = [figure: string, unit: string];
