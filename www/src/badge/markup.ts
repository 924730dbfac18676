/** The base class of the custom elements. On a server there is no HTMLElement, and importing must also work there. */
export const ElementBase = globalThis.HTMLElement ?? (Object as unknown as typeof HTMLElement);

/**
 * Defines a custom element; does nothing if the tag is defined already, or on a server. Each further tag of an element
 * gets its own class, because browsers do not allow two tags with one class.
 */
export function define(tag: string, element: CustomElementConstructor): void {
  if (typeof customElements !== "undefined" && customElements.get(tag) === undefined) {
    customElements.define(tag, customElements.getName(element) === null ? element : class extends element {});
  }
}

/** Sets the text of an element, if there is one and its text differs. */
export function setText(element: Element | null, text: string): void {
  if (element !== null && element.textContent !== text) {
    element.textContent = text;
  }
}

/** An element: its name, its attributes, its children. */
export type Markup = readonly [name: string, attributes: Readonly<Record<string, string>>, ...children: Markup[]];

/** Makes the element without parsing HTML, which a page with Trusted Types forbids. The content of an `svg` is SVG. */
export function built([name, attributes, ...children]: Markup, svg = name === "svg"): Element {
  const element = document.createElementNS(`http://www.w3.org/${svg ? "2000/svg" : "1999/xhtml"}`, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  element.append(...children.map((child) => built(child, svg || child[0] === "svg")));
  return element;
}
