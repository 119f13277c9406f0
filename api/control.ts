/** What other commands may ask of an installation: the same whether it runs in a server or was opened by the command. */
import { counted } from '../ingest/counted.ts'
import { withComputed } from '../ingest/computed/computed.ts'
import { type Event, toDocument } from '../ingest/event.ts'
import { FREE_TEXT, parseKql } from '../ingest/store/kql.ts'
import { SYSTEM } from '../ingest/store/store.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Auth } from './auth/auth.ts'
import type { Role } from './contract.ts'
import type { Source } from '../ingest/source.ts'
import { importFiles } from './import.ts'
import { besideColumns, toCsv } from '../ingest/inventory/csv.ts'
import type { ListKind } from '../ingest/inventory/entries.ts'
import { entryText } from '../ingest/inventory/entry-text.ts'
import { codesOf } from '../ingest/inventory/code.ts'
import { isKnown } from '../ingest/inventory/scope.ts'
import { isOpen } from '../rules/backfill.ts'
import { labelOf } from '../rules/ruleset.ts'
import { examineCases } from '../rules/case/examine.ts'
import { readMark } from '../rules/upgrade/upgrade.ts'
import type { Installation } from './installation.ts'
import type { Asked as ReportAsked, Format } from './reports/make.ts'
import { reloadedText } from './reloaded.ts'
import { ruleHistory, sourceHistory } from './rule-history.ts'
import { reparse, reparsedText, type ReparseRequest } from './reparse.ts'
import { commandLine, leaveTrail } from './trail.ts'
import { acceptClock, acceptedText } from './trust.ts'

export type Request =
  | {
      readonly ask: 'query'
      readonly kql: string
      readonly from?: number
      readonly to?: number
      readonly count?: boolean
    }
  | { readonly ask: 'import'; readonly source: Source; readonly files: readonly string[]; readonly detect: boolean }
  | ({ readonly ask: 'reparse'; readonly by?: string } & ReparseRequest)
  | { readonly ask: 'sources' }
  | { readonly ask: 'coverage' }
  | { readonly ask: 'health' }
  | { readonly ask: 'cases' }
  | { readonly ask: 'exceptions' }
  /** `yaml`: instead of a rule in force. */
  | {
      readonly ask: 'backtest'
      readonly rule?: string
      readonly yaml?: string
      readonly from?: number
      readonly to?: number
    }
  /** Of a rule as a backtest of this version (`labelOf`) has shown it. */
  | {
      readonly ask: 'backfill'
      readonly rule: string
      readonly label: string
      readonly from: number
      readonly to: number
      readonly by?: string
    }
  | { readonly ask: 'rule.versions' }
  /** `from`, `to`: versions whose difference is asked for; `catalog`, `file` as in the API. */
  | { readonly ask: 'rule.history'; readonly rule: string; readonly from?: string; readonly to?: string }
  | { readonly ask: 'source.history'; readonly source: string; readonly from?: string; readonly to?: string }
  | { readonly ask: 'report'; readonly wanted: ReportAsked; readonly format: Format; readonly by?: string }
  | { readonly ask: 'reload'; readonly by?: string }
  | { readonly ask: 'inventory.export'; readonly kind?: ListKind }
  | { readonly ask: 'inventory.history' }
  /** Entries as a file says them; those that are not among them stay. */
  | {
      readonly ask: 'inventory.import'
      readonly kind: ListKind
      readonly entries: readonly unknown[]
      /** Of the table: what an entry says beside them stays. */
      readonly columns?: readonly string[]
      readonly reason: string
      readonly by?: string
    }
  | { readonly ask: 'clock.accept'; readonly by?: string }
  | {
      readonly ask: 'users.add'
      readonly username: string
      readonly name: string
      readonly role: Role
      readonly organizations: readonly string[]
      readonly by?: string
    }
  /** `by`: who sits there, as the operating system names them. */
  | { readonly ask: 'users.reset'; readonly username: string; readonly by?: string }

/** `openAuth` is called by what concerns users only: its library takes a second to load. */
export const createControl = (installation: Installation, openAuth: () => Promise<Auth>) => {
  const told = (by: string | undefined, what: string, object: string, detail?: string) =>
    leaveTrail(
      { documents: installation.store.documents, clock: installation.clock },
      { by: commandLine(by), what, object, detail },
    )
  return async function* (line: string): AsyncIterable<string> {
    const request = JSON.parse(line) as Request
    switch (request.ask) {
      case 'query': {
        const filter = parseKql(request.kql, { text: FREE_TEXT })
        const window = {
          filter,
          ...(request.from === undefined ? {} : { from: request.from }),
          ...(request.to === undefined ? {} : { to: request.to }),
        }
        if (request.count) {
          yield JSON.stringify({ count: await installation.store.events.count(SYSTEM, window) })
          return
        }
        let cursor: string | undefined
        do {
          const page = await installation.store.events.search(SYSTEM, {
            ...window,
            order: 'oldest',
            limit: 1000,
            ...(cursor ? { cursor } : {}),
          })
          for (const event of page.items) yield JSON.stringify({ event: toDocument(withComputed(event as Event)) })
          for (const part of page.missing)
            if (!page.cursor)
              yield JSON.stringify({ warning: `the events of ${part.day} cannot be read: ${part.reason}` })
          cursor = page.cursor
        } while (cursor)
        return
      }
      case 'import':
        for await (const progress of importFiles(installation, request.source, request.files, request.detect))
          yield JSON.stringify({ progress })
        return
      case 'reparse':
        for await (const progress of reparse(installation, request)) yield JSON.stringify({ progress })
        await told(request.by, 'events.reparse', request.source, reparsedText(request))
        return
      case 'sources': {
        const { sourceRows } = await import('./routes/sources.ts')
        for (const row of await sourceRows(installation, SYSTEM)) yield JSON.stringify({ source: row })
        return
      }
      case 'coverage': {
        const { coverageOf } = await import('./routes/coverage.ts')
        yield JSON.stringify({ coverage: await coverageOf(installation, SYSTEM) })
        return
      }
      case 'health': {
        const { healthOf } = await import('./routes/admin.ts')
        yield JSON.stringify({ health: await healthOf(installation) })
        return
      }
      case 'cases': {
        for (const finding of await examineCases(installation.cases)) yield JSON.stringify({ finding })
        const { made } = codesOf(installation.inventory)
        if (made.length)
          yield JSON.stringify({
            finding: {
              ok: true,
              what: `${counted(made.length, 'agency has', 'agencies have')} no code for incident numbers, and one made from the id (${made
                .slice(0, 3)
                .map(({ id, code }) => `${id}: ${code}`)
                .join(', ')}): write "code:" in the inventory for shorter ones`,
            },
          })
        const until = (await readMark(installation.store.documents))?.until
        if (until !== undefined)
          yield JSON.stringify({
            finding: {
              ok: true,
              what: `of events that came until ${new Date(until).toISOString()} the agency is the destination's first, whoever's device wrote them`,
            },
          })
        return
      }
      case 'report': {
        const { contentOf, fileOf } = await import('./reports/make.ts')
        const made = await contentOf(installation, SYSTEM, request.wanted)
        const file = await fileOf(installation, made, request.format)
        await told(request.by, 'report.download', made.document.title, request.format)
        yield JSON.stringify({ title: made.document.title, base64: file.toString('base64') })
        return
      }
      case 'exceptions': {
        const { exceptionRows } = await import('./routes/exceptions.ts')
        for (const exception of await exceptionRows(installation)) yield JSON.stringify({ exception })
        return
      }
      case 'backtest': {
        const { asked } = await import('./routes/backtests.ts')
        const { backtestOf } = await import('./backtests.ts')
        const rule = asked(installation, request.rule, request.yaml)
        const steps = await backtestOf(installation, rule, request)
        for (;;) {
          const { done, value } = await steps.next()
          if (done) {
            yield JSON.stringify({ rule: rule.id, label: labelOf(rule), result: value })
            return
          }
          yield JSON.stringify({ progress: value })
        }
      }
      case 'backfill': {
        const { beginBackfill, findBackfill } = await import('./backfills.ts')
        const { rule, label, from, to } = request
        const begun = await beginBackfill(installation, { rule, label, from, to, by: commandLine(request.by).name })
        await told(request.by, 'rule.backfill', rule, `${new Date(from).toISOString()} – ${new Date(to).toISOString()}`)
        for (;;) {
          const found = (await findBackfill(installation, begun.id))!.doc
          yield JSON.stringify({ backfill: found })
          if (!isOpen(found)) return
          // Where no server runs them, the rules run here.
          await installation.schedule.runAll()
          await sleep(200)
        }
      }
      case 'rule.versions': {
        for (const version of installation.book.versions()) yield JSON.stringify({ version })
        return
      }
      case 'rule.history': {
        for await (const answer of ruleHistory(installation, request)) yield JSON.stringify(answer)
        return
      }
      case 'source.history': {
        for await (const answer of sourceHistory(installation, request)) yield JSON.stringify(answer)
        return
      }
      case 'reload': {
        const changes = await installation.reload()
        await told(request.by, 'rules.reload', 'rules', reloadedText(changes))
        yield JSON.stringify({ reloaded: reloadedText(changes) })
        return
      }
      case 'inventory.export': {
        const inventory = installation.inventories.current()
        yield JSON.stringify({ text: request.kind ? toCsv(inventory, request.kind) : entryText(inventory) })
        return
      }
      case 'inventory.history': {
        for (const version of await installation.inventories.list()) yield JSON.stringify({ version })
        return
      }
      case 'inventory.import': {
        const { kind, entries, columns, reason } = request
        const { inventories } = installation
        const [seen, known] = [inventories.version(), inventories.current()]
        const rows = columns ? besideColumns(known, kind, entries, columns) : entries
        const changes = rows.map((entry) => ({ kind, entry }))
        const done = await installation.changeInventory(changes, { by: commandLine(request.by).name, reason }, seen)
        const { added, changed } = done.difference
        await told(request.by, 'inventory.change', [...added, ...changed].slice(0, 5).join(', ') || kind, reason)
        yield JSON.stringify({ imported: done })
        return
      }
      case 'clock.accept': {
        const accepted = await acceptClock(installation)
        if (!accepted) throw new Error('the clock of this machine is not doubted: there is nothing to accept')
        await told(request.by, 'clock.accept', new Date(accepted.says).toISOString(), acceptedText(accepted))
        yield JSON.stringify({ accepted })
        return
      }
      case 'users.add': {
        const unknown = request.organizations.find((id) => !isKnown(installation.inventory, id))
        if (unknown !== undefined)
          throw new Error(
            `there is no agency "${unknown}" in the inventory: name its id, such as ${installation.inventory.agencies[0]?.id ?? 'so-y-te'}`,
          )
        if (request.role === 'agency_viewer' && request.organizations.length === 0)
          throw new Error('an agency viewer needs an agency: add --organization ID')
        const { user, password } = await (await openAuth()).add(request)
        await told(request.by, 'user.add', user.username, request.role)
        yield JSON.stringify({ username: user.username, password })
        return
      }
      case 'users.reset': {
        const auth = await openAuth()
        const user = (await auth.users()).find((each) => each.username === request.username.toLowerCase())
        if (!user) throw new Error(`there is no user "${request.username}"`)
        const password = await auth.reset(user.id)
        await told(request.by, 'user.reset', user.username)
        yield JSON.stringify({ username: user.username, password })
        return
      }
    }
  }
}
