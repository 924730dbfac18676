import "streamdown/styles.css";

export const metadata = { title: "FineCE with Next, useChat and AI Elements", icons: { icon: "data:," } };

export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
