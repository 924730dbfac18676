// Portkey's gateway changes the headers of a fetch Response, which are immutable with the
// dependencies that npm installs today: every request would fail. So this script copies the headers.
const headers = Object.getOwnPropertyDescriptor(Response.prototype, "headers").get;
const copies = new WeakMap();
Object.defineProperty(Response.prototype, "headers", {
  configurable: true,
  get() {
    if (!copies.has(this)) copies.set(this, new Headers(headers.call(this)));
    return copies.get(this);
  },
});
