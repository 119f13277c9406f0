/** The rules of an installation as they are now: read at the start, and again when somebody asks for it. */
import { counted } from '../ingest/counted.ts'
import type { Judging } from '../ingest/judge.ts'
import { LOGSOURCES } from '../ingest/parsers/index.ts'
import type { Placeholders } from '../ingest/inventory/placeholders.ts'
import type { Store } from '../ingest/store/store.ts'
import { startRules } from '../rules/ledger.ts'
import { type Held, holdRules, type KnownTexts, type RuleText } from '../rules/load.ts'
import type { Rule } from '../rules/rule.ts'
import { namesPlaceholders } from '../rules/sigma/placeholders.ts'
import { judgingOf, keepRuleset, labelOf } from '../rules/ruleset.ts'
import {
  bringTexts,
  changeText,
  type Head,
  hashOfText,
  keepText,
  noteSaid,
  readHeads,
  StaleText,
} from '../rules/texts.ts'
import type { Stored } from '../ingest/store/store.ts'
import { writeRule } from './rule-file.ts'

export interface Changes {
  readonly rules: number
  readonly added: readonly string[]
  /** Those that meet other events now; what else a rule says has changed too, but needs no telling. */
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

export interface Rulebook {
  rules(): readonly Rule[]
  /** All of them, as ingest judges by them. */
  judging(): Judging
  /** Reads the folder of rules again; throws with what is wrong in it. `placeholders`: of the inventory that holds then. */
  read(placeholders: Placeholders): Held
  /** What was read as versions, where it is news; what holds then. */
  bring(read: Held): Promise<Held>
  /** What other processes have brought or changed; undefined where nothing. */
  follow(): Promise<Held | undefined>
  /** What is known of the text of a rule, by the rule's id or the text's key. */
  text(id: string): KnownOfRule | undefined
  /** Of each text in force its hash, and which version it is. */
  versions(): readonly {
    readonly hash: string
    readonly n: number
    readonly at: number
    readonly by?: string
    readonly reason?: string
  }[]
  /** Why some version is not in force here, a sentence each. */
  doubts(): readonly string[]
  /**
   * A person's change of the text of a rule, which a compiler has looked at: what holds then, to be taken over. Rejects with
   * what is wrong in it, and with a `StaleText` where somebody was faster.
   */
  change(id: string, change: RuleChange): Promise<RuleChanged>
  /** What a file says otherwise is not taken, or is. */
  settle(id: string, take: 'file' | 'kept', change: Omit<RuleChange, 'text'>): Promise<RuleChanged>
  /** Those in force, as they were read, where a rule says otherwise when the inventory does; undefined where none does. */
  again(placeholders: Placeholders): Held | undefined
  /**
   * Takes over what was read. `change`: what came until then is judged by the rules of before, what comes by the new ones;
   * `judge`: ingest takes them over.
   */
  take(
    next: Held,
    change: (work: () => Promise<void>) => Promise<void>,
    judge: (judging: Judging) => Promise<void>,
  ): Promise<Changes>
}

export interface KnownOfRule {
  readonly head: Head
  /** What the program's catalog says here, where it has the rule. */
  readonly catalog?: { readonly text: string; readonly changed: boolean }
}
export interface RuleChange {
  readonly text: string
  /** The version that was looked at. */
  readonly seen: number
  readonly by: string
  readonly reason: string
}
export interface RuleChanged {
  readonly n: number
  readonly held: Held
  /** The file that says it too now; or why none does, so that the person writes it there. */
  readonly file: { readonly path?: string; readonly why?: string }
}

export const openRulebook = async (
  folder: string | undefined,
  store: Store,
  first: Held,
  { node, clock }: { readonly node: string; readonly clock: () => number },
): Promise<Rulebook> => {
  const { documents } = store
  let heads = new Map<string, Stored<Head>>()
  let place = 0
  const known = (): KnownTexts => new Map([...heads].map(([key, { doc }]) => [key, doc]))
  const bring = async (read: Held): Promise<Held> => {
    heads = await bringTexts(documents, read, { node, at: clock() })
    return read.over(known())
  }
  let held = await bring(first)
  let { rules } = held
  let judging = judgingOf(rules)
  const fileOf = (key: string): RuleText | undefined => held.files.find((file) => file.key === key)
  const textOf = (id: string): KnownOfRule | undefined => {
    const rule = rules.find((each) => each.id === id)
    const key = rule?.text?.key ?? held.files.find(({ text }) => text === rule?.yaml)?.key ?? id
    const head = heads.get(key)?.doc
    if (!head) return undefined
    const catalog = fileOf(key)?.catalog
    const changed = catalog !== undefined && head.catalog !== undefined && hashOfText(catalog.text) !== head.catalog
    return { head, ...(catalog && catalog.text !== head.text ? { catalog: { text: catalog.text, changed } } : {}) }
  }
  const needed = (id: string): Head => {
    const head = textOf(id)?.head
    if (!head) throw new Error(`there is no rule ${id}: name one by its id`)
    return head
  }
  /** With the newest of all others. */
  const trying = async (head: Head, seen: number, text: string): Promise<Held> => {
    heads = await readHeads(documents)
    const key = head['text.key']
    const now = heads.get(key)!.doc
    if (now.n !== seen) throw new StaleText(key, now.n)
    const { ended: _, ...is } = now
    return held.tried(new Map([...known(), [key, { ...is, text, n: seen + 1 }]]))
  }
  /** The person's version, and the file after it. `write`: the file does not say so yet. */
  const changed = async (id: string, { text, seen, by, reason }: RuleChange, write: boolean): Promise<RuleChanged> => {
    const head = needed(id)
    const key = head['text.key']
    const tried = await trying(head, seen, text)
    const made = tried.rules.filter(({ text: of }) => of?.key === key)
    if (!made.some((rule) => rule.id === id) && rules.some((rule) => rule.id === id))
      throw new Error(`the rule ${id} is not in this text any more: leave its id as it is, for alerts go by it`)
    const file = fileOf(key)
    const compiled = made.map(labelOf)
    const stored = await changeText(
      documents,
      { key, text, compiled, seen, by, reason, catalog: file?.catalog?.text },
      clock(),
    )
    heads.set(key, stored)
    const said = stored.doc.said.find((each) => each.node === node)
    const written: RuleChanged['file'] = write
      ? writeRule({ folder, key, said, catalog: file?.catalog?.file }, text)
      : {}
    if (written.path !== undefined && written.why === undefined) {
      await noteSaid(documents, key, { node, path: written.path, hash: hashOfText(text) })
      heads = await readHeads(documents)
    }
    return { n: stored.doc.n, held: tried, file: written }
  }
  await keepRuleset(store.documents, judging)
  await startRules(store, rules)
  return {
    rules: () => rules,
    judging: () => judging,
    read: (placeholders) => holdRules(folder, LOGSOURCES, placeholders),
    bring,
    follow: async () => {
      const newest = await documents.collection('rule_texts').newest()
      if (newest === place) return undefined
      place = newest
      const before = heads
      heads = await readHeads(documents)
      const same = heads.size === before.size && [...heads].every(([key, { doc }]) => before.get(key)?.doc.n === doc.n)
      return same ? undefined : held.over(known())
    },
    text: textOf,
    versions: () =>
      [...heads.values()].map(({ doc: { text, n, at, by, reason } }) => ({
        hash: hashOfText(text),
        n,
        at,
        ...(by === undefined ? {} : { by, reason: reason ?? '' }),
      })),
    doubts: () => held.doubts,
    change: (id, change) => changed(id, change, true),
    settle: async (id, take, change) => {
      const head = needed(id)
      const [waits] = head.waiting.slice(-1)
      if (!waits) throw new Error(`no change of ${id} waits: somebody has settled it already`)
      if (take === 'file') return changed(id, { ...change, text: waits.text }, waits.node !== node)
      heads.set(head['text.key'], await keepText(documents, head['text.key'], change.seen))
      return { n: head.n, held, file: {} }
    },
    again: (placeholders) => (rules.some(({ yaml }) => namesPlaceholders(yaml)) ? held.again(placeholders) : undefined),
    take: async (taken, change, judge) => {
      const next = taken.rules
      const judges = judgingOf(next)
      await keepRuleset(store.documents, judges)
      const before = new Map(rules.map((rule) => [rule.id, labelOf(rule)]))
      const now = new Map(next.map((rule) => [rule.id, labelOf(rule)]))
      await change(async () => {
        await startRules(store, next)
        held = taken
        rules = next
        judging = judges
      })
      await judge(judges)
      return {
        rules: next.length,
        added: [...now.keys()].filter((id) => !before.has(id)),
        changed: [...now].filter(([id, label]) => before.has(id) && before.get(id) !== label).map(([id]) => id),
        removed: [...before.keys()].filter((id) => !now.has(id)),
      }
    },
  }
}

/**
 * Has rules that name the inventory say what it says now: called when it has changed, and with each day, for what is in force
 * changes with it. What stands in their files meanwhile waits until somebody asks for it.
 */
export const followInventory =
  (
    book: Rulebook,
    words: () => Placeholders,
    take: (next: Held) => Promise<Changes>,
    problems: Map<string, string>,
  ): (() => Promise<void>) =>
  async () => {
    try {
      const next = book.again(words())
      if (next) await take(next)
      problems.delete('placeholders')
    } catch (error) {
      const { message } = error as Error
      problems.set('placeholders', `rules still name the inventory as it was: ${message.split('\n')[0]}`)
    }
  }

/** In a sentence. */
export const changesText = ({ rules, added, changed, removed }: Changes): string => {
  const said = (what: string, ids: readonly string[]) => (ids.length > 0 ? [`${what}: ${ids.join(', ')}`] : [])
  const parts = [...said('new', added), ...said('changed', changed), ...said('gone', removed)]
  return `${counted(rules, 'rule', 'rules')} in force${parts.length > 0 ? `; ${parts.join('; ')}` : ', none of them new or changed'}`
}
