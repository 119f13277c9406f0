/** The versions of a rule, or of a source, as the command line and the API name them. */
import { differenceLines } from '../rules/difference.ts'
import { RULES, type Shelf, textAt, textHistory } from '../rules/texts.ts'
import type { Installation } from './installation.ts'
import type { KnownOfRule } from './rulebook.ts'
import { SOURCES } from './sourcebook.ts'

/** A version as it is asked for: its number, `catalog`, or `file`. */
export const textNamed = async (
  { store }: Pick<Installation, 'store'>,
  { head, catalog }: KnownOfRule,
  which: string,
  shelf: Shelf = RULES,
): Promise<string | undefined> =>
  which === 'catalog'
    ? (catalog?.text ?? head.text)
    : which === 'file'
      ? head.waiting.at(-1)?.text
      : (await textAt(store.documents, head, Number(which), shelf))?.text

type Told = { readonly version: readonly string[] } | { readonly lines: readonly string[] }
interface Between {
  readonly from?: string
  readonly to?: string
}

/** The versions, the newest first; or the lines that differ between two. */
export const ruleHistory = async function* (
  installation: Installation,
  { rule, ...between }: Between & { readonly rule: string },
): AsyncIterable<Told> {
  const found = installation.book.text(rule)
  if (!found) throw new Error(`there is no rule "${rule}": name one by its id`)
  yield* historyOf(installation, found, rule, between, RULES)
}
export const sourceHistory = async function* (
  installation: Installation,
  { source, ...between }: Between & { readonly source: string },
): AsyncIterable<Told> {
  const head = installation.sourcebook.known(source)
  if (!head) throw new Error(`there is no source "${source}": name one by its id`)
  yield* historyOf(installation, { head }, source, between, SOURCES)
}

const historyOf = async function* (
  installation: Installation,
  found: KnownOfRule,
  rule: string,
  { from, to }: Between,
  shelf: Shelf,
): AsyncIterable<Told> {
  const { head, catalog } = found
  if (from === undefined && to === undefined) {
    for (const { n, at, by, reason, brought, ended } of await textHistory(
      installation.store.documents,
      head,
      undefined,
      shelf,
    ))
      yield {
        version: [
          String(n),
          new Date(at).toISOString().slice(0, 16).replace('T', ' '),
          by ?? brought?.path ?? '-',
          reason ?? (ended ? `the file ${shelf === RULES ? 'was gone' : 'named it no longer'}` : 'the file said so'),
        ],
      }
    if (catalog)
      yield {
        version: [
          'catalog',
          '',
          '',
          catalog.changed ? 'the program says otherwise now than when it was changed' : 'what the program comes with',
        ],
      }
    for (const { path } of head.waiting) yield { version: ['file', '', path, 'waits: a person has changed it since'] }
    return
  }
  const until = to ?? String(head.n)
  const since = from ?? String(Math.max(1, (Number(until) || head.n) - 1))
  const [before, after] = [
    await textNamed(installation, found, since, shelf),
    await textNamed(installation, found, until, shelf),
  ]
  for (const [which, text] of [
    [since, before],
    [until, after],
  ] as const)
    if (text === undefined) throw new Error(`there is no version ${which} of ${rule}: there are 1 to ${head.n}`)
  const lines = differenceLines(before!, after!)
  yield { lines: lines.length > 0 ? lines : [`versions ${since} and ${until} say the same`] }
}
