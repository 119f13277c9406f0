/** Senders that no source names: which parser reads their lines best, and how one becomes a source. */
import type { Event } from '../ingest/event.ts'
import { toDocument } from '../ingest/event.ts'
import { type Detected, detectBeside } from '../ingest/parsers/detect.ts'
import { UNKNOWN_SOURCE } from '../ingest/source.ts'
import { and, eq } from '../ingest/store/filter.ts'
import { SYSTEM } from '../ingest/store/store.ts'
import { readConfig } from './config.ts'
import { freeId } from './config-source.ts'
import { sourceText, writeSource } from './config-write.ts'
import type { Installation } from './installation.ts'
import { askReparse, reparsePending } from './reparse.ts'
import { Refusal } from './refusal.ts'

const WEEK = 7 * 86_400_000
const MOST_SENDERS = 50
/** Lines that every parser reads while somebody waits. */
const LOOKED_AT = 100
/** Letters of them: whoever sends them is nobody's, and writes what is slow to read. */
const LOOKED_THROUGH = 128 * 1024
const BEST = 3
/** Fields of an example, and letters of a value. */
const MOST_FIELDS = 8
const LONGEST = 200
const OWN = /^(?:vonglau|log\.syslog|log\.source)\.|^event\.(?:id|original|ingested|kind|dataset)$/

export interface UnknownSender {
  readonly address: string
  readonly lines: number
  readonly first: number
  readonly last: number
}
const ofUnknown = eq('vonglau.source.id', UNKNOWN_SOURCE)

/** Of the last seven days, those with the most lines first. */
export const unknownSenders = async ({ store, clock }: Installation): Promise<UnknownSender[]> => {
  const { items } = await store.events.aggregate(SYSTEM, {
    filter: ofUnknown,
    from: clock() - WEEK,
    by: [{ terms: 'log.source.address' }],
    limit: MOST_SENDERS,
  })
  return items.flatMap(({ key: [address], count, first, last }) =>
    address === null || address === undefined ? [] : [{ address: String(address), lines: count, first, last }],
  )
}

/** What shows best whether a line was understood. */
const MAIN = ['@timestamp', 'source.ip', 'destination.ip', 'event.action', 'event.outcome', 'user.name', 'url.path']
const shown = (event: Event): Record<string, string> =>
  Object.fromEntries(
    [...MAIN.filter((name) => event[name] !== undefined), ...Object.keys(event).filter((name) => !MAIN.includes(name))]
      .filter((name) => !OWN.test(name))
      .slice(0, MOST_FIELDS)
      .map((name) => [
        name,
        (name === '@timestamp' ? String(toDocument({ [name]: event[name]! })[name]) : [event[name]].flat().join(', '))
          .slice(0, LONGEST)
          .toWellFormed(),
      ]),
  )
const told = ({ parser, title, taken, understood, examples }: Detected) => ({
  parser,
  title,
  taken,
  understood,
  examples: examples.map((event) => ({
    line: String(event['event.original'])
      .slice(0, 4 * LONGEST)
      .toWellFormed(),
    fields: shown(event),
  })),
})

/** Which parsers read the newest lines of a sender best. */
export const readingOf = async (installation: Installation, address: string) => {
  const { store, config, clock } = installation
  const { items } = await store.events.search(SYSTEM, {
    filter: and(ofUnknown, eq('log.source.address', address)),
    order: 'newest',
    limit: LOOKED_AT,
    from: clock() - WEEK,
    fields: ['@timestamp', 'event.original'],
  })
  const texts: string[] = []
  let letters = 0
  for (const event of items) {
    const text = String(event['event.original'])
    letters += text.length
    if (letters > LOOKED_THROUGH && texts.length > 0) break
    texts.push(text.slice(0, LOOKED_THROUGH))
  }
  const text = texts.toReversed().join('\n')
  const { lines, ranked } = await detectBeside(Buffer.from(text), clock(), config.timezone, config.described)
  return {
    address,
    lines,
    ranked: ranked.slice(0, BEST).map((each) => ({ ...told(each), id: freeId(config.sources, each.parser) })),
  }
}

export interface Assignment {
  readonly address: string
  readonly id: string
  readonly parser: string
  readonly organization?: string | undefined
}

/** The environment may say its own list, whatever the file has. */
const holds = (path: string, id: string): void => {
  if (!readConfig(path).sources.some((each) => each.id === id))
    throw new Error('the list of sources is that of the environment, VONGLAU_SOURCES')
}

/** Writes the source into the configuration, takes it over, and has the lines read again that it sent before. */
export const assign = async (installation: Installation, { address, id, parser, organization }: Assignment) => {
  const { config } = installation
  const source = { id, parser, from: address, ...(organization === undefined ? {} : { organization }) }
  const byHand = (why: { vi: string; en: string }) =>
    new Refusal(
      409,
      'by_hand',
      `${why.vi} Thêm dòng này vào "sources:" của vonglau.yml rồi chạy vonglau reload: ${sourceText(source)}`,
      `${why.en} Add this line to "sources:" of vonglau.yml and run vonglau reload: ${sourceText(source)}`,
    )
  if (config.sources.some((each) => each.id === id))
    throw new Refusal(
      409,
      'taken',
      `Đã có nguồn "${id}": chọn mã khác.`,
      `There is a source "${id}": choose another id.`,
    )
  if (config.file === undefined)
    throw byHand({ vi: 'Vọng Lâu đang chạy không có tệp cấu hình.', en: 'Vọng Lâu runs without a configuration file.' })
  if (!installation.roles.has('ingest'))
    throw byHand({
      vi: 'Tiến trình này không nhận nhật ký; tiến trình nhận có thể dùng tệp cấu hình khác.',
      en: 'This process takes no lines, and the one that does may have another configuration file.',
    })
  let written: boolean
  try {
    written = writeSource(config.file, source, (path) => holds(path, id))
  } catch (error) {
    const { message } = error as Error
    throw byHand({
      vi: `Không ghi được ${config.file} (${message}).`,
      en: `${config.file} cannot be written (${message}).`,
    })
  }
  if (!written)
    throw byHand({
      vi: `Danh sách nguồn trong ${config.file} không có chỗ để chương trình ghi thêm.`,
      en: `The list of sources in ${config.file} has no place that a program can write to.`,
    })
  await installation.reload()
  await askReparse(installation, { source: UNKNOWN_SOURCE, as: id, sender: address })
  // Days of before are read at once, today's when it is closed.
  void reparsePending(installation).catch((error: Error) => installation.problems.set('reparse', error.message))
  return { id }
}
