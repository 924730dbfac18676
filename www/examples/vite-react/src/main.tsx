import { type SubmitEvent, useState } from "react";
import { createRoot } from "react-dom/client";
import Markdown from "react-markdown";
import { rehypeMarks } from "finece/markdown";
import { Confidences, useConfidence } from "finece/react";

const EXAMPLE = "A baker sells 4 loaves on Monday and 3 on Tuesday. How many loaves does he sell in all?";
const rehypePlugins = [rehypeMarks];

/** A request for an answer. It is sent when the answer is first shown, and aborted when the answer is no longer shown. */
function ask(question: string) {
  return (signal: AbortSignal) => fetch("/v1/chat/completions", {
    method: "POST", signal,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "generator", stream: true, messages: [{ role: "user", content: question }] }),
  });
}

function Answer({ source }: { source: ReturnType<typeof ask> }) {
  const { text, positions, done, status, error } = useConfidence(source);
  return (
    <Confidences text={text} positions={positions} done={done}>
      <Markdown rehypePlugins={rehypePlugins}>{text}</Markdown>
      {status === "failed" && <p role="alert">{error}</p>}
    </Confidences>
  );
}

function App() {
  const [source, setSource] = useState<ReturnType<typeof ask>>();
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const question = new FormData(event.currentTarget).get("question") as string;
    setSource(() => ask(question));
  };
  return (
    <main>
      <form onSubmit={submit}>
        <input name="question" aria-label="Question" size={60} defaultValue={EXAMPLE} />
        <button>Ask</button>
      </form>
      {source && <Answer source={source} />}
    </main>
  );
}

createRoot(document.getElementById("app") ?? document.body).render(<App />);
