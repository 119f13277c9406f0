/** A person's change written into the inventory's file: what was not changed stays as it was written, to the letter. */
import { Document, isMap, isNode, isSeq, type Node, parseDocument, type YAMLMap } from 'yaml'
import { type Entry, isList, keyOf, type Place, placeText, withEntries } from './entries.ts'
import { checkedInventory, type Inventory, parseInventory } from './inventory.ts'

export type Written = { readonly text: string } | { readonly why: string }
type Change = Place & { readonly entry: Entry | undefined }

/** Lists that the schema fills in where they are absent: none of them has to be said. */
const FILLED: ReadonlySet<string> = new Set(['days', 'hours'])
/** What an entry says that the schema would not fill in by itself: a file stays as short as a person writes it. */
export const terse = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(terse)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([key, part]) =>
          part !== undefined && part !== false && !(Array.isArray(part) && part.length === 0 && !FILLED.has(key)),
      )
      .map(([key, part]) => [key, terse(part)]),
  )
}

/** Fields that changed are set, those that went are taken out; the others keep their comments. */
const setFields = (document: Document, map: YAMLMap, said: Entry, entry: Entry, short: typeof terse): void => {
  const [was, is] = [said as Record<string, unknown>, entry as Record<string, unknown>]
  for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (JSON.stringify(was[key]) === JSON.stringify(is[key])) continue
    const value = (short({ [key]: is[key] }) as Record<string, unknown>)[key]
    if (value === undefined) map.delete(key)
    else {
      const old: unknown = map.get(key, true)
      const flow = (isMap(old) || isSeq(old) ? old.flow : undefined) ?? map.flow ?? false
      map.set(key, document.createNode(value, { flow }))
    }
  }
}

/** As text of its own, its further lines as far in as `column`. */
const textOf = (node: unknown, column: number): string => {
  const alone = new Document()
  alone.contents = node as Node
  return alone
    .toString({ lineWidth: 0 })
    .trimEnd()
    .replaceAll('\n', `\n${' '.repeat(column)}`)
}
const columnOf = (source: string, at: number): number => at - (source.lastIndexOf('\n', at - 1) + 1)
/** Where a node's own text ends, without the blank behind it. */
const endOf = (source: string, node: Node): number => {
  const [from, end] = node.range!
  return from + source.slice(from, end).trimEnd().length
}

/** One change in the text. Undefined where the file has no place for it that can be written. */
const changedText = (source: string, said: Inventory, { kind, key, entry }: Change): string | undefined => {
  const document = parseDocument(source, { uniqueKeys: false })
  const at = document.get(kind, true)
  const behind = (value: unknown) =>
    `${source.trimEnd()}\n${textOf(document.createNode({ [kind]: terse(value) }), 0)}\n`
  if (at === undefined) return entry === undefined ? source : behind(isList(kind) ? [entry] : entry)
  if (!isNode(at)) return undefined
  const replaced = (node: Node, text: string) =>
    source.slice(0, node.range![0]) + text + source.slice(endOf(source, node))
  if (!isList(kind)) {
    const value = document.createNode(terse(entry), { flow: true })
    return replaced(at, textOf(value, 0))
  }
  const list = said[kind] as readonly Entry[]
  const nth = list.findIndex((each) => keyOf(kind, each) === key)
  return changedItem(source, document, at, { nth, said: list[nth], entry })
}

/** What takes the place of a stretch of the text. */
interface Splice {
  readonly from: number
  readonly to: number
  readonly text: string
}
const spliced = (source: string, { from, to, text }: Splice): string => source.slice(0, from) + text + source.slice(to)
interface ItemChange {
  readonly nth: number
  readonly said: Entry | undefined
  readonly entry: Entry | undefined
}

/** The `nth` entry of a list that stands in the text, which says `said`, is changed or taken out; or one is put behind the others. */
export const changedItem = (
  source: string,
  document: Document,
  at: Node,
  change: ItemChange,
  short: (value: unknown) => unknown = terse,
): string | undefined => {
  const splice = itemSplice(source, document, at, change, short)
  return splice && spliced(source, splice)
}

const itemSplice = (
  source: string,
  document: Document,
  at: Node,
  { nth, said, entry }: ItemChange,
  short: (value: unknown) => unknown,
): Splice | undefined => {
  const replaced = (node: Node, text: string): Splice => ({ from: node.range![0], to: endOf(source, node), text })
  if (!isSeq(at)) return undefined
  const [node, last] = [at.get(nth, true), at.items.at(-1)]
  if (nth >= 0) {
    if (!isMap(node)) return undefined
    if (entry !== undefined) {
      setFields(document, node, said!, entry, short)
      // Its comment behind the last field on the same line is outside of what is replaced.
      if (node.comment && !source.slice(node.range![0], endOf(source, node)).includes(node.comment)) node.comment = null
      node.commentBefore = null
      return replaced(node, textOf(node, columnOf(source, node.range![0])))
    }
    if (at.flow) return undefined
    const from = source.lastIndexOf('\n', node.range![0]) + 1
    const rest = source.slice(endOf(source, node))
    return { from, to: source.length - rest.replace(/^[^\n]*\n?/, '').length, text: '' }
  }
  if (entry === undefined) return { from: 0, to: 0, text: '' }
  if (at.flow && at.items.length > 0) return undefined
  if (!isMap(last)) return replaced(at, `\n${textOf(document.createNode([short(entry)]), 2).replace(/^/, '  ')}`)
  // As the one before it is written: on one line, or a field a line.
  const column = columnOf(source, last.range![0])
  const text = textOf(document.createNode(short(entry), { flow: last.flow ?? false }), column)
  const from = source.lastIndexOf('\n', last.range![0]) + 1
  const lead = source.slice(from, last.range![0])
  const end = endOf(source, last)
  const rest = source.slice(end)
  // What stands behind the last one on its line is its comment.
  const behind = end + rest.slice(0, rest.indexOf('\n') < 0 ? rest.length : rest.indexOf('\n')).length
  return { from: behind, to: behind, text: `\n${lead}${text}` }
}

/**
 * All of them by one reading of the text, which takes most of the time: entries that are changed, and such as are put behind
 * others. Undefined where one of them is anything else, or two concern the same stretch.
 */
const changedAtOnce = (source: string, said: Inventory, changes: readonly Change[]): string | undefined => {
  const document = parseDocument(source, { uniqueKeys: false })
  const splices: Splice[] = []
  for (const { kind, key, entry } of changes) {
    const at = document.get(kind, true)
    if (!isList(kind) || entry === undefined || !isNode(at) || !isSeq(at) || at.items.length === 0) return undefined
    const list = said[kind] as readonly Entry[]
    const nth = list.findIndex((each) => keyOf(kind, each) === key)
    const splice = itemSplice(source, document, at, { nth, said: list[nth], entry }, terse)
    if (!splice) return undefined
    splices.push(splice)
  }
  // In the order of the text; what is put in the same place stays in the order of the changes.
  const inOrder = splices.map((splice, i) => ({ ...splice, i })).sort((a, b) => a.from - b.from || a.i - b.i)
  if (inOrder.some(({ from }, i) => i > 0 && from < inOrder[i - 1]!.to)) return undefined
  return inOrder.reduceRight(spliced, source)
}

/**
 * The file's text with entries as they are now (`undefined`: taken out), or why it cannot be written: what is written must be
 * read again as exactly what holds.
 */
export const writtenInto = (source: string, file: string, changes: readonly Change[]): Written => {
  const places = changes.map(placeText).join(', ')
  const left = { why: `${file} says ${places} in a way that is not rewritten: change it there yourself` }
  try {
    let text = source
    // What is half written need not hold by itself: an agency may name one that is added after it.
    const before = parseInventory(source, file)
    let said = before
    const atOnce = changedAtOnce(source, before, changes)
    if (atOnce === undefined)
      for (const change of changes) {
        const next = changedText(text, said, change)
        if (next === undefined) return left
        text = next
        said = withEntries(said, [change])
      }
    else text = atOnce
    const wanted = checkedInventory(withEntries(before, changes))
    return JSON.stringify(parseInventory(text, file)) === JSON.stringify(wanted) ? { text } : left
  } catch {
    // Old spellings (`kind: system`, `observers`) say an entry in another place than today's schema has it.
    return left
  }
}
