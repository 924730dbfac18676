// What this example uses of AI Elements. `npx ai-elements@latest add message` writes the whole component
// to the same place, for projects with Tailwind and shadcn.
import { memo } from "react";
import { Streamdown } from "streamdown";

export const Message = ({ from, ...props }) => <div data-from={from} {...props} />;

export const MessageContent = (props) => <div {...props} />;

export const MessageResponse = memo(
  (props) => <Streamdown {...props} />,
  (before, now) => before.children === now.children,
);
