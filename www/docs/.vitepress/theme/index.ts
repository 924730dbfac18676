import { withBase } from "vitepress";
import { h } from "vue";
import theme from "vitepress/theme-without-fonts";
import "./style.css";

const missing = () => h("main", { class: "missing" }, [h("h1", "There is no such page"), h("a", { href: withBase("/") }, "Start")]);

export default { extends: theme, Layout: () => h(theme.Layout, null, { "not-found": missing }) };
