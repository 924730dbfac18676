// The address of the script that is running, for scripts/cdn.mjs.
export const scriptAddress = document.currentScript.src;
