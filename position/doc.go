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
// A position comes out once it is certain that text follows it: a confidence for
// the very end would repeat p(z). So after the last text of an answer there is p(z)
// alone, even if white space follows that text, and p(z-1) is the position before.
//
// The end of a paragraph or line comes out when the next line that is not blank has
// shown that it does not continue the paragraph. Its first character shows that, or
// its first few if they could begin a thematic break. In Line mode, the line after a
// table is needed as a whole: it belongs to the table if it has a pipe.
//
// Indexes follow the order of the offsets within a segment. So Periodic and Entropy
// positions after an undecided paragraph end wait for the decision. Up to 16 wait;
// any further ones are left out. A position that fires in the white space right
// after the paragraph is merged with the paragraph's end: the position has both
// kinds, and lies at the end of the paragraph's text.
//
// # What is a paragraph
//
// Lines end with LF, CRLF or CR. White space is ASCII white space. These lines
// do not end a paragraph, whatever follows them:
//
//   - Lines in a fenced code block: from ``` or ~~~ (three or more, at any
//     indentation, also after a list marker) to a line of at least as many of the
//     same characters and nothing else.
//   - Lines in display math: from $$ to $$, \[ to \], \begin{} to its \end{}.
//     Where $$ or \[ neither begins nor ends its line, a blank line proves that
//     it was no display math and ends it. Code spans are not searched.
//   - The header row, the delimiter row and the rows of a table but the last. A
//     table continues up to a line without a pipe.
//   - A line whose next line that is not blank is indented more deeply than the
//     marker of the outermost open list item: the item continues. A marker at the
//     same level begins another item.
//
// A thematic break or heading underline (a line of three or more -, *, _ or =)
// is skipped as if it were not there, and so is the > of a block quote. A
// paragraph of fewer than MinLength characters joins the next.
//
// The detector keeps a few numbers about the line and the open block. Blocks within
// blocks are not parsed. The content of a fence or formula does not matter, and
// neither does that of the outermost list item: no position lies inside one.
//
// # Segments
//
// Reasoning, answer and refusal are separate texts with their own offsets,
// token counts and Markdown state. An open reasoning paragraph ends when text
// of another segment begins, without waiting for more. If a model returns to
// reasoning in the middle of its answer, the answer's open paragraph ends, too, and
// its position comes out when the answer resumes. A refusal has no positions.
// [Splitter] takes reasoning out of content that has it inline.
//
// # Tokens
//
// If each token of the provider arrives by itself, tokens are counted. Otherwise
// their number is estimated from the characters, in the same way however the text is
// cut, and [Position.Estimated] is set. See estimate.go.
package position
