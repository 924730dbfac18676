// Package position decides where in a streamed answer a confidence is
// estimated.
//
// A [Detector] is fed the tokens of one answer and yields positions: p(0) is
// the question alone, p(1), p(2), ... lie where a strategy fires, and p(z) is
// the whole answer. There are three strategies, and any union of them:
//
//   - Paragraph: the end of a paragraph, that is, text before a blank line.
//     With Line the end of every line counts, for answers that take one step a
//     line.
//   - Periodic: every N tokens.
//   - Entropy: after a token that was drawn from a distribution of more than a
//     given entropy.
//
// The same text yields the same positions however it is cut. The package does
// no I/O, keeps none of the text, and allocates nothing while it is fed.
//
// # When a position comes out
//
// A position is handed out once it is certain that the text goes on behind it:
// a confidence for the very end would repeat p(z). So white space at the end of
// an answer is followed by p(z) alone, and p(z-1) is the last but one.
//
// The end of a paragraph or line is handed out when the next line that is not
// blank has shown that it does not carry the paragraph on, which takes its
// first character, or its first few where those could still make a thematic
// break. Only in Line mode can it take a whole line: the one after a table,
// which belongs to it if it holds a pipe.
//
// Index order is the order of the offsets within a segment. So Periodic and
// Entropy positions behind an undecided paragraph end wait for the decision; 16
// are held, and any more that fire before it are left out. Those that fire in
// the white space right behind the paragraph meet it: the position has both
// kinds, and lies at the end of the paragraph's text.
//
// # What is a paragraph
//
// Lines end with LF, CRLF or CR. White space is ASCII white space. These lines
// do not end a paragraph, whatever follows them:
//
//   - Lines in a fenced code block: from ``` or ~~~ (three or more, at any
//     indentation, also behind a list marker) to a line of at least as many of
//     the same and nothing else.
//   - Lines in display math: from $$ to $$, \[ to \], \begin{} to its \end{}.
//     Where $$ or \[ neither begins nor ends its line, a blank line proves that
//     it was no display math and ends it. Code spans are not searched.
//   - The header row, the delimiter row and the rows of a table but the last. A
//     table goes on to a line without a pipe.
//   - A line whose next line that is not blank is indented more deeply than the
//     marker of the outermost open list item: the item goes on. A marker at the
//     same level begins another item.
//
// A thematic break or heading underline (a line of three or more -, *, _ or =)
// is passed over as if it were not there, and so are the > of a block quote. A
// paragraph of fewer than MinLength characters joins the next.
//
// What is kept for this is a few numbers about the line and the open block.
// Blocks within blocks are not parsed: a fence or formula holds whatever it
// holds, and only the outermost list item matters, since nothing inside it may
// be a position while it goes on.
//
// # Segments
//
// Reasoning, answer and refusal are separate texts with their own offsets,
// token counts and Markdown state. An open reasoning paragraph ends when text
// of another segment begins, without waiting for more. If a model returns to
// reasoning in the middle of its answer, the answer's open paragraph ends too,
// and its position comes out when the answer goes on. A refusal has no
// positions. [Splitter] takes reasoning out of content that has it inline.
//
// # Tokens
//
// Where every token of the provider arrives by itself, tokens are counted.
// Otherwise they are estimated by a rule on the characters, the same for any
// cutting, and [Position.Estimated] says so: see estimate.go.
package position
