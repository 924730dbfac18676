import { built } from "./markup.js";
import { type BadgeView, explain, nameOf, position } from "./panel.js";
import type { BadgeWords } from "./words.js";

// Why the details are open: what was opened by pointing closes when the pointer leaves.
type Opener = "hover" | "focus" | "click";

// Pointing opens after a moment; leaving closes after one, so that the pointer can reach the panel. Milliseconds.
const OPEN_DELAY = 120, CLOSE_DELAY = 250;

let opened: Details | undefined;

/** A badge's details: when they open and close, and the panel, which is made when it is first wanted. */
export class Details {
  readonly #host: HTMLElement;
  readonly #root: ShadowRoot;
  readonly #button: HTMLButtonElement;
  readonly #view: () => BadgeView;
  readonly #words: () => BadgeWords;
  #panel: HTMLElement | undefined;
  #opener: Opener | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: HTMLElement, root: ShadowRoot, button: HTMLButtonElement, view: () => BadgeView, words: () => BadgeWords) {
    this.#host = host;
    this.#root = root;
    this.#button = button;
    this.#view = view;
    this.#words = words;
    button.addEventListener("click", () => {
      if (this.open && this.#opener !== "hover") {
        this.close();
      } else {
        this.#open("click");
      }
    });
    button.addEventListener("focus", () => {
      if (button.matches(":focus-visible")) {
        this.#open("focus");
      }
    });
    button.addEventListener("blur", () => {
      // The focus may be on its way into the panel.
      this.#soon(() => {
        if (this.#opener === "focus" && !host.matches(":focus-within")) {
          this.close();
        }
      }, 0);
    });
    host.addEventListener("pointerenter", ({ pointerType }) => {
      if (pointerType === "mouse") {
        this.#soon(() => { this.#open("hover"); }, OPEN_DELAY);
      }
    });
    host.addEventListener("pointerleave", () => {
      this.#soon(() => {
        if (this.#opener === "hover") {
          this.close();
        }
      }, CLOSE_DELAY);
    });
  }

  /** Whether they are shown. */
  get open(): boolean {
    return this.#opener !== undefined;
  }

  /** Says what there is to say now. */
  fill(): void {
    const view = this.#view();
    const words = this.#words();
    const panel = this.#made();
    panel.querySelector(".title")?.replaceChildren(nameOf(view, words));
    panel.querySelector(".lines")?.replaceChildren(...explain(view, words).map((line, i) => {
      const p = document.createElement("p");
      p.textContent = line;
      p.className = i === 0 ? "" : "note";
      return p;
    }));
  }

  /** Takes them away. */
  close(): void {
    clearTimeout(this.#timer);
    if (!this.open) {
      return;
    }
    this.#opener = undefined;
    if (opened === this) {
      opened = undefined;
    }
    const panel = this.#made();
    panel.classList.remove("open");
    if (typeof panel.hidePopover === "function") {
      panel.hidePopover();
    }
    this.#button.setAttribute("aria-expanded", "false");
    document.removeEventListener("keydown", this.#onKey, true);
    document.removeEventListener("pointerdown", this.#onPointer, true);
    removeEventListener("scroll", this.#place, true);
    removeEventListener("resize", this.#place);
  }

  #open(opener: Opener): void {
    clearTimeout(this.#timer);
    if (!this.#host.isConnected || (this.open && opener === "hover")) {
      return;
    }
    const was = this.open;
    this.#opener = opener;
    if (was) {
      return;
    }
    opened?.close();
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the one that is open, of all badges
    opened = this;
    this.fill();
    const panel = this.#made();
    panel.classList.add("open");
    if (typeof panel.showPopover === "function") {
      panel.showPopover();
    }
    this.#button.setAttribute("aria-expanded", "true");
    this.#place();
    document.addEventListener("keydown", this.#onKey, true);
    document.addEventListener("pointerdown", this.#onPointer, true);
    addEventListener("scroll", this.#place, { capture: true, passive: true });
    addEventListener("resize", this.#place);
  }

  #soon(action: () => void, delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delay);
  }

  #made(): HTMLElement {
    if (this.#panel === undefined) {
      const panel = this.#panel = document.createElement("div");
      panel.id = "panel";
      panel.className = "panel";
      panel.setAttribute("part", "panel");
      panel.setAttribute("role", "note");
      panel.setAttribute("aria-label", this.#words().details);
      if ("popover" in panel) {
        panel.popover = "manual"; // in the top layer, out of reach of clipping
      }
      panel.append(
        built(["p", { class: "title", part: "title" }]), built(["div", { class: "lines" }]), built(["slot", { name: "details" }]),
      );
      this.#root.append(panel);
      this.#button.setAttribute("aria-controls", panel.id);
      this.#button.setAttribute("aria-describedby", panel.id);
    }
    return this.#panel;
  }

  readonly #place = (): void => {
    if (this.#panel !== undefined) {
      position(this.#panel, this.#button);
    }
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.stopPropagation(); // it closes this, and not the dialog around it
      event.preventDefault();
      this.close();
    }
  };

  readonly #onPointer = (event: Event): void => {
    if (!event.composedPath().includes(this.#host)) {
      this.close();
    }
  };
}
