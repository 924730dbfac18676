import { byId } from "./dom.js";

/** Takes streams and labelled answers from files, from what is dropped on the page, and from what is pasted. Nothing leaves the browser. */
export function takeFiles(take: (name: string, bytes: Uint8Array) => Promise<void>): void {
  const takeFile = async (file: File | null | undefined): Promise<void> => {
    if (file !== null && file !== undefined) {
      await take(file.name, new Uint8Array(await file.arrayBuffer()));
    }
  };
  for (const id of ["stream-file", "pairs-file"]) {
    const chosen = byId(id, HTMLInputElement);
    chosen.addEventListener("change", () => {
      void takeFile(chosen.files?.[0]);
      chosen.value = "";
    });
  }
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", ({ relatedTarget }) => {
    if (relatedTarget === null) {
      document.body.classList.remove("dropping");
    }
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    void takeFile(event.dataTransfer?.files[0]);
  });
  const dialog = byId("paste", HTMLDialogElement);
  const text = byId("pasted", HTMLTextAreaElement);
  byId("open-paste").addEventListener("click", () => { dialog.showModal(); });
  byId("close-paste").addEventListener("click", () => { dialog.close(); });
  byId("show-pasted").addEventListener("click", () => {
    dialog.close();
    if (text.value.trim() !== "") {
      void take("the pasted text", new TextEncoder().encode(`${text.value.trim()}\n\n`));
      text.value = "";
    }
  });
}
