import type * as Panel from "./panel.js";
import type { PanelContent, PanelEvent } from "./panel.js";
import type { PositionConfidence } from "./positions.js";

// What opened the details. Those that the pointer opened close when it leaves.
type Opener = "hover" | "focus" | "click";

// Pointing opens after a moment; leaving closes after one, so that the pointer can reach the panel. Milliseconds.
const OPEN_DELAY = 120, CLOSE_DELAY = 250;

let opened: Details | undefined;

type PanelModule = typeof Panel;

let loading: Promise<PanelModule> | undefined;

/** The module that makes and fills panels; loaded when the first one is opened. */
function panelModule(): Promise<PanelModule> {
  return loading ??= import("./panel.js").catch((error: unknown) => {
    loading = undefined; // tried again next time
    throw error;
  });
}

/** The detail of a {@link PanelEvent}. */
export interface PanelEventDetail {
  /** The position that the event is about; `null` if it is not known. */
  readonly position: PositionConfidence | null;
}

/** A badge's details: when they open and close, and the panel, which is made when it is first wanted. */
export class Details {
  readonly #host: HTMLElement;
  readonly #root: ShadowRoot;
  readonly #button: HTMLButtonElement;
  readonly #content: () => PanelContent;
  #module: PanelModule | undefined;
  #panel: HTMLElement | undefined;
  #opener: Opener | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: HTMLElement, root: ShadowRoot, button: HTMLButtonElement, content: () => PanelContent) {
    this.#host = host;
    this.#root = root;
    this.#button = button;
    this.#content = content;
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
        void panelModule().catch(() => undefined);
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

  /** Whether the details are shown. */
  get open(): boolean {
    return this.#opener !== undefined;
  }

  /** Brings the panel up to date, if it was made. */
  fill(): void {
    if (this.#panel !== undefined) {
      this.#module?.fillPanel(this.#panel, this.#content(), this.#fire);
    }
  }

  /** Closes them. */
  close(): void {
    clearTimeout(this.#timer);
    if (!this.open) {
      return;
    }
    this.#opener = undefined;
    if (opened === this) {
      opened = undefined;
    }
    if (this.#panel?.classList.contains("open") === true) {
      this.#panel.classList.remove("open");
      this.#panel.hidePopover?.();
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
    void panelModule().then((module) => {
      this.#module = module;
      if (this.#opener !== undefined && this.#host.isConnected) {
        this.#show(module);
      }
    }, () => { this.close(); }); // the panel could not be loaded; the button's name still says the value
  }

  #show(module: PanelModule): void {
    const panel = this.#made(module);
    if (panel.classList.contains("open")) {
      return;
    }
    this.fill();
    panel.classList.add("open");
    panel.showPopover?.();
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

  #made(module: PanelModule): HTMLElement {
    if (this.#panel === undefined) {
      this.#panel = module.makePanel(this.#root, this.#content().words.details);
      this.#button.setAttribute("aria-controls", this.#panel.id);
      this.#button.setAttribute("aria-describedby", "lines");
    }
    return this.#panel;
  }

  readonly #fire = (type: PanelEvent, position: PositionConfidence | null): void => {
    this.#host.dispatchEvent(new CustomEvent<PanelEventDetail>(type, { bubbles: true, composed: true, detail: { position } }));
  };

  readonly #place = (): void => {
    if (this.#panel !== undefined) {
      this.#module?.position(this.#panel, this.#button);
    }
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.stopPropagation(); // it closes this, and not the dialog around it
      event.preventDefault();
      if (this.#panel?.matches(":focus-within") === true) {
        this.#button.focus();
      }
      this.close();
    }
  };

  readonly #onPointer = (event: Event): void => {
    if (!event.composedPath().includes(this.#host)) {
      this.close();
    }
  };
}
