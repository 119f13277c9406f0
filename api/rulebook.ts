/** The rules of an installation as they are now: read at the start, and again when somebody asks for it. */
import { join } from 'node:path'
import { counted } from '../ingest/counted.ts'
import type { Judging } from '../ingest/judge.ts'
import { LOGSOURCES } from '../ingest/parsers/index.ts'
import type { Placeholders } from '../ingest/inventory/placeholders.ts'
import type { Store } from '../ingest/store/store.ts'
import { startRules } from '../rules/ledger.ts'
import { type Held, holdRules, idsIn, type KnownTexts, type RuleText } from '../rules/load.ts'
import type { Rule } from '../rules/rule.ts'
import { parseSigma } from '../rules/sigma/parse.ts'
import { namesPlaceholders } from '../rules/sigma/placeholders.ts'
import { judgingOf, keepRuleset, labelOf } from '../rules/ruleset.ts'
import { isRuleId, NO_RULE_ID } from '../rules/template.ts'
import {
  addText,
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
import { Refusal } from './refusal.ts'
import { writeRule } from './rule-file.ts'

export interface Changes {
  readonly rules: number
  readonly added: readonly string[]
  /** Those that meet other events now, or whose file says something else. */
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
  /** What a rule said that is in force no longer, or not here: whoever reads its alerts wants to know. */
  gone(id: string): Pick<Rule, 'description' | 'guide' | 'condition'> | undefined
  /** Texts in force that no file of this machine says. */
  unfiled(): readonly string[]
  /** Why some version is not in force here, a sentence each. */
  doubts(): readonly string[]
  /**
   * A person's change of the text of a rule, which a compiler has looked at: what holds then, to be taken over. Rejects with
   * what is wrong in it, and with a `StaleText` where somebody was faster.
   */
  change(id: string, change: RuleChange): Promise<RuleChanged>
  /**
   * A person's new rule, looked at by a compiler with all others: what holds then, to be taken over. Rejects with what is wrong
   * in it, in both languages where it is of the rule's id.
   */
  add(rule: Omit<RuleChange, 'seen'>): Promise<RuleChanged & { readonly id: string }>
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

/** Of what no rule can be called; undefined: it is not said. */
export const noRuleId = (id: string | undefined): Refusal => {
  const [vi, en] =
    id === undefined
      ? ['Luật chưa có mã: hãy viết "id:" dưới tiêu đề', 'The rule has no id: write "id:" below its title']
      : [`"${id}" không phải mã luật`, `"${id}" is no id of a rule`]
  const how = 'mã gồm các từ a–z và chữ số, nối bằng gạch ngang, chẳng hạn backup-download'
  return new Refusal(422, 'rule', `${vi}: ${how}.`, `${en}: ${NO_RULE_ID}.`)
}
const taken = (id: string): Refusal =>
  new Refusal(
    409,
    'taken',
    `Đã có luật ${id}: hãy chọn mã khác, hoặc sửa luật đó ở trang của nó.`,
    `There is a rule ${id} already: choose another id, or change that rule on its page.`,
  )

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
  // Nothing is known that a wrong file said before, and whoever starts for the first time is there to mend it.
  if (first.wrong.size > 0 && (await readHeads(documents)).size === 0)
    throw new Error([...first.wrong.values()].join('\n'))
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
    return { n: stored.doc.n, held: tried, file: write ? await written(stored.doc, file?.catalog?.file) : {} }
  }
  /** The file of a version of ours after it. */
  const written = async (head: Head, catalog?: string): Promise<RuleChanged['file']> => {
    const { 'text.key': key, text } = head
    const said = head.said.find((each) => each.node === node)
    const file: RuleChanged['file'] = writeRule({ folder, key, said, catalog }, text)
    if (file.path === undefined || file.why !== undefined) return file
    await noteSaid(documents, key, { node, path: file.path, hash: hashOfText(text) })
    heads = await readHeads(documents)
    return file
  }
  const added = async ({ text, by, reason }: Omit<RuleChange, 'seen'>): ReturnType<Rulebook['add']> => {
    // What is wrong in it is said by the file that it will be.
    const id = idsIn(parseSigma(text, 'draft.yml'))[0]
    if (id === undefined || !isRuleId(id)) throw noRuleId(id)
    const other = rules.find((each) => each.id.toLowerCase() === id)
    heads = await readHeads(documents)
    const before = heads.get(id)?.doc
    if (other || (before && !before.ended)) throw taken(id)
    const n = (before?.n ?? 0) + 1
    const file = folder === undefined ? `${id}.yml` : join(folder, `${id}.yml`)
    const tried = held.tried(new Map([...known(), [id, { n, text, file }]]))
    const made = tried.rules.filter(({ text: of }) => of?.key === id)
    if (made.length === 0)
      throw new Refusal(
        422,
        'rule',
        'Không có luật nào trong nội dung này báo động: hãy viết điều kiện dò, hoặc tương quan trên các luật nền.',
        'No rule of this text alerts: write a detection with its condition, or a correlation over base rules.',
      )
    const compiled = made.map(labelOf)
    const stored = await addText(documents, { key: id, file, text, compiled, by, reason }, clock()).catch(
      (error: unknown) => {
        throw error instanceof StaleText ? taken(id) : error
      },
    )
    heads.set(id, stored)
    const alerting = made.some((rule) => rule.id === id) ? id : made[0]!.id
    return { id: alerting, n, held: tried, file: await written(stored.doc) }
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
    gone: (id) => {
      const head = heads.get(id)?.doc
      try {
        const document = head && parseSigma(head.text, head.file).find((each) => each.id === id)
        if (!document) return undefined
        const vi = document.description ?? ''
        return {
          description: { vi, en: document.vonglau?.en?.description ?? vi },
          guide: document.vonglau?.guide ?? { vi: '', en: '' },
          condition: document.kind === 'rule' ? [document.detection.condition].flat().join(' or ') : '',
        }
      } catch {
        return undefined
      }
    },
    unfiled: () => {
      const files = new Map(held.files.map(({ key, text }) => [key, text]))
      return [...heads].flatMap(([key, { doc }]) => (doc.ended || files.get(key) === doc.text ? [] : [doc.text]))
    },
    doubts: () => held.doubts,
    change: (id, change) => changed(id, change, true),
    add: added,
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
      const said = (all: readonly Rule[]) => new Map(all.map((rule) => [rule.id, `${labelOf(rule)} ${rule.yaml}`]))
      const [before, now] = [said(rules), said(next)]
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
        changed: [...now].filter(([id, text]) => before.has(id) && before.get(id) !== text).map(([id]) => id),
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
