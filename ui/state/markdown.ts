/** A tiny subset of Markdown, to elements. No links, no images, no HTML: a guide needs none and hides nothing. */
export interface Span {
  kind: 'text' | 'code' | 'bold' | 'em'
  text: string
}
export type Block =
  | { kind: 'heading'; spans: Span[] }
  | { kind: 'p'; spans: Span[] }
  | { kind: 'ol'; items: Span[][] }
  | { kind: 'ul'; items: Span[][] }
  | { kind: 'code'; text: string }

const spansOf = (text: string): Span[] => {
  const out: Span[] = []
  let at = 0
  for (const m of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*/g)) {
    if (m.index > at) out.push({ kind: 'text', text: text.slice(at, m.index) })
    if (m[1] !== undefined) out.push({ kind: 'code', text: m[1] })
    else if (m[2] !== undefined) out.push({ kind: 'bold', text: m[2] })
    else out.push({ kind: 'em', text: m[3]! })
    at = m.index + m[0].length
  }
  if (at < text.length) out.push({ kind: 'text', text: text.slice(at) })
  return out
}

export const parse = (text: string): Block[] => {
  const out: Block[] = []
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  let paragraph: string[] = []
  const flush = () => {
    if (paragraph.length) out.push({ kind: 'p', spans: spansOf(paragraph.join(' ')) })
    paragraph = []
  }
  const item = (kind: 'ol' | 'ul', content: string) => {
    flush()
    const last = out.at(-1)
    if (last?.kind === kind) last.items.push(spansOf(content))
    else out.push({ kind, items: [spansOf(content)] })
  }
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    const fence = /^\s*```/.test(line)
    const heading = /^\s*#{1,6}\s+(.*)$/.exec(line)
    const ordered = /^\s*\d+[.)]\s+(.*)$/.exec(line)
    const bullet = /^\s*[-*•]\s+(.*)$/.exec(line)
    if (fence) {
      flush()
      const code: string[] = []
      while (++i < lines.length && !/^\s*```/.test(lines[i]!)) code.push(lines[i]!)
      out.push({ kind: 'code', text: code.join('\n') })
    } else if (heading) {
      flush()
      out.push({ kind: 'heading', spans: spansOf(heading[1]!) })
    } else if (ordered) item('ol', ordered[1]!)
    else if (bullet) item('ul', bullet[1]!)
    else if (!line.trim()) flush()
    else {
      const last = out.at(-1)
      // An indented line goes on with the item above it.
      if (/^\s{2,}/.test(line) && !paragraph.length && (last?.kind === 'ol' || last?.kind === 'ul'))
        last.items.at(-1)!.push({ kind: 'text', text: ' ' }, ...spansOf(line.trim()))
      else paragraph.push(line.trim())
    }
  }
  flush()
  return out
}
