// The parts of AI Elements that this example uses. In a project with Tailwind and shadcn,
// `npx ai-elements@latest add message` writes the whole component to this place.
import { memo } from "react";
import { Streamdown } from "streamdown";

export const Message = ({ from, ...props }) => <div data-from={from} {...props} />;

export const MessageContent = (props) => <div {...props} />;

export const MessageResponse = memo(
  (props) => <Streamdown {...props} />,
  (before, now) => before.children === now.children,
);
