/** The composition root: one installation with its store, ingest and detection, on a clock that is passed in. */
import { LOGSOURCES } from '../ingest/parsers/index.ts'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, clockOf } from '../ingest/clock.ts'
import { createEnricher, type Enricher } from '../ingest/enrich/enrich.ts'
import { briefly } from '../ingest/briefly.ts'
import { openGeoIp } from '../ingest/enrich/geoip.ts'
import type { Inventory } from '../ingest/inventory/inventory.ts'
import type { Judging } from '../ingest/judge.ts'
import type { Ingest } from '../ingest/ingest.ts'
import { createIngest } from '../ingest/pipeline.ts'
import { mergeStatus } from '../ingest/meter.ts'
import type { Source, SourceStatus } from '../ingest/source.ts'
import type { Store } from '../ingest/store/store.ts'
import { type Held, holdRight } from '../rules/load.ts'
import type { Rule } from '../rules/rule.ts'
import { upgradeCases } from '../rules/upgrade/upgrade.ts'
import { type Config, holdPorts, rereadConfig, SERVER_ROLES, type ServerRole } from './config.ts'
import type { Cases } from '../rules/case/decide.ts'
import { casesOf } from './acts.ts'
import { createDetection, type Detection } from './detection.ts'
import { dayOf } from '../ingest/inventory/days.ts'
import { resolveHours } from '../ingest/inventory/deadlines.ts'
import { placeholdersOf } from '../ingest/inventory/placeholders.ts'
import { namesPlaceholders } from '../rules/sigma/placeholders.ts'
import { followInventory, openRulebook, type RuleChanged, type Rulebook } from './rulebook.ts'
import { openSwitches } from './switches.ts'
import { openLeft } from './left.ts'
import { openSourcebook, type SourceChange, type SourceChanged, type Sourcebook } from './sourcebook.ts'
import { owedSaid } from './owed-said.ts'
import { needRestart, type Reloaded, sourcesDifference } from './reloaded.ts'
import { holdSources, type Inventories, openInventories, readInventory } from './inventories.ts'
import { createScribe, type Scribe } from './scribe.ts'
import { nodeName, openNodes } from './nodes.ts'
import { loadStore } from './store.ts'
import { guardOf } from './masks.ts'
import { openTrust, type Trust } from './trust.ts'

export interface Installation {
  /** As it is now: its sources change while it runs. */
  readonly config: Config
  readonly clock: Clock
  readonly trust: Trust
  readonly store: Store
  readonly inventory: Inventory
  readonly inventories: Inventories
  readonly enrich: Enricher
  readonly ingest: Ingest
  readonly schedule: Detection
  /** Hours to settle an incident, by level, as the inventory says it today. */
  readonly deadlines: () => { readonly [level: string]: number }
  /** Through which people act. */
  readonly cases: Cases
  /** Moves acts into the journal, in the process that holds its lease. */
  readonly scribe: Scribe
  /** What this process does. */
  readonly roles: ReadonlySet<ServerRole>
  /** How each source is, whichever process reads it. */
  status(): Promise<SourceStatus[]>
  /** What is wrong now, here and in the other processes, and with the store. */
  wrong(): Promise<{ code: string; message: string }[]>
  /** Tells the other processes how this one is. */
  publish(): Promise<void>
  /** Every rule, also those that are switched off. */
  readonly rules: readonly Rule[]
  /** All of them, as ingest judges by them. */
  readonly judging: Judging
  /**
   * Reads configuration, inventory and rules again and takes over what changed. Rejects with what is wrong in them, and all
   * stays as it is.
   */
  reload(): Promise<Reloaded>
  /** As `Inventories.change` and `settle`, taken over by all that reads lines. */
  changeInventory: Inventories['change']
  settleInventory: Inventories['settle']
  readonly book: Rulebook
  /** A change of the book (`Rulebook.change`, `add`, `settle`), taken over by all that judge. */
  changeRules<T extends RuleChanged>(change: (book: Rulebook) => Promise<T>): Promise<T>
  readonly sourcebook: Sourcebook
  /** As `Sourcebook.change` and `settle`, taken over by all that read lines. */
  changeSource(id: string, change: SourceChange, take?: 'file' | 'kept'): Promise<SourceChanged>
  /** Called with the sources when they change. */
  onSources(listener: (sources: readonly Source[]) => void): void
  enabled(id: string): boolean
  setEnabled(id: string, on: boolean, by: string): Promise<void>
  /** Sentences about what is wrong now, for the console and `doctor`. */
  readonly problems: Map<string, string>
  readonly demo: boolean
  /** Syslog ports that are really open. */
  syslog: { udp?: number; tcp?: number; tls?: number }
  /** Set while the demo replays: 0 to 1. */
  replay: { progress: number; until: number } | undefined
  close(): Promise<void>
}

export interface InstallationOptions {
  /** One that may be doubted, or any other. */
  readonly clock: Clock | (() => number)
  readonly demo?: boolean
  /** All of them, where it is not said. */
  readonly roles?: readonly ServerRole[]
  readonly warn: (message: string) => void
  /** ms that a commit waits for more lines, and between looks at files. */
  readonly wait?: number
  readonly most?: number
  /** Threads of the embedded store, where fewer than processors. */
  readonly threads?: number
  readonly poll?: number
}

/** What files say: the inventory, held to the sources, and the rules. */
const readStated = (config: Config): { inventory: Inventory; rules: Held } => {
  const inventory = readInventory(config)
  return { inventory, rules: holdRight(config.rules, LOGSOURCES, placeholdersOf(inventory, Date.now())) }
}

export const openInstallation = async (first: Config, options: InstallationOptions): Promise<Installation> => {
  const { warn } = options
  let config = first
  const listeners: ((sources: readonly Source[]) => void)[] = []
  const clock = clockOf(options.clock)
  // A cluster is asked when all else is known to be right; the files of this machine are opened meanwhile.
  const open = await loadStore(config, options)
  const opening = config.store === 'duckdb' ? open() : undefined
  opening?.catch(() => {})
  let stated: { inventory: Inventory; rules: Held }
  try {
    stated = readStated(config)
  } catch (error) {
    // What was mended is told once: the next start finds it mended.
    await opening
      ?.then((store) => {
        for (const sentence of store.repairs) warn(sentence)
        return store.close()
      })
      .catch(() => {})
    throw error
  }
  const store = await (opening ?? open())
  const roles = new Set(options.roles ?? SERVER_ROLES)
  // The embedded store belongs to one process, so there are no others to hear of.
  const node = config.store === 'duckdb' ? undefined : nodeName(config.data)
  const nodes = node === undefined ? undefined : openNodes(store.documents, node, [...roles], clock)
  const problems = new Map<string, string>()
  const trust = await openTrust(clock, store, node ?? 'here', warn)
  store.repairs.forEach((sentence, i) => {
    problems.set(`store-${i}`, sentence)
    warn(sentence)
  })
  const opened = openInventories(config, store, stated.inventory, { node: node ?? '', clock }).then((inventories) => {
    holdSources(config, config.sources, inventories.current())
    return inventories
  })
  opened.catch(() => store.close().catch(() => {}))
  const inventories = await opened
  const sourcebook = await openSourcebook(config, store, { node: node ?? '', clock })
  config = { ...config, sources: sourcebook.sources() }
  let geoip = openGeoIp(config.geoip)
  let enricher = createEnricher({ inventory: inventories.current(), geoip })
  const deadlines = () => resolveHours(inventories.current(), clock())
  const cases = casesOf({ inventory: inventories.current, clock, deadlines }, store.documents)
  await upgradeCases(store, stated.rules.rules, cases)
  const switches = await openSwitches(store.documents, clock)
  const words = () => placeholdersOf(inventories.current(), clock())
  // The inventory in the store may say otherwise than the file.
  const book = await openRulebook(
    config.rules,
    store,
    stated.rules.rules.some(({ yaml }) => namesPlaceholders(yaml)) ? stated.rules.again(words()) : stated.rules,
    { node: node ?? '', clock },
  )
  for (const sentence of stated.rules.doubts) warn(sentence)
  const ingest = await createIngest({
    judging: book.judging(),
    store: store.events,
    sources: sourcebook.read(),
    spoolFolder: join(config.data, 'spool'),
    lease: store.lease,
    // A cluster takes smaller commits, and a row on its way to it is held whole: 2 KB.
    ...(config.store === 'elasticsearch' ? { most: 100_000 } : {}),
    ...(node === undefined ? {} : { node }),
    inventory: inventories.current(),
    geoip: config.geoip,
    clock,
    warn,
    ...(options.poll === undefined ? {} : { poll: options.poll }),
  })
  const born = statSync(config.data)
  /** Whoever deletes the folder of a process that runs, or moves it away, takes what is accepted with it. */
  const lookAtFolder = () => {
    const now = statSync(config.data, { throwIfNoEntry: false })
    ingest.notices.set(
      'data',
      now?.ino === born.ino && now.dev === born.dev
        ? undefined
        : `the data folder ${config.data} was deleted or moved while the program runs: nothing that comes is kept; stop it, put the folder back, start it`,
    )
  }
  const left = openLeft(ingest, store, node ?? '', () => config.sources)
  const failing = new Map<Rule, string>()
  const schedule = createDetection({
    store,
    cases,
    guard: guardOf(config.masks),
    rules: async () => {
      await switches.read()
      return book.rules().filter((rule) => !switches.isOff(rule.id))
    },
    report: (rule, error) => {
      if (error === undefined) failing.delete(rule)
      else {
        failing.set(rule, error)
        warn(`rule ${rule.id}: ${error}`)
      }
    },
    failed: (error) => {
      if (error === undefined) problems.delete('detection')
      else if (problems.get('detection') !== error) {
        problems.set('detection', error)
        warn(`detection: ${error}`)
      }
    },
  })
  const scribe = createScribe(store, cases, (error) => {
    if (error === undefined) problems.delete('journal')
    else if (problems.get('journal') !== error) {
      problems.set('journal', error)
      warn(`journal: ${error}`)
    }
  })
  const mine = () => {
    lookAtFolder()
    return [
      ...trust.said(),
      ...[...problems].map(([code, message]) => ({ code, message })),
      ...book.doubts().map((message, i) => ({ code: `rule-text-${i}`, message })),
      ...sourcebook.doubts().map((message, i) => ({ code: `source-text-${i}`, message })),
      ...ingest.notices.said(),
      ...owedSaid(schedule.owed()),
      // Of one that is switched off, or run by another process now, nothing is known here.
      ...[
        ...Map.groupBy(
          schedule.leads() ? [...failing].filter(([{ id }]) => !switches.isOff(id)) : [],
          ([, error]) => error,
        ),
      ].map(([error, rules]) => ({
        code: `rule-${rules[0]![0].id}`,
        // What fails for many is not the fault of each.
        message: `${rules.length === 1 ? rules[0]![0].name.vi : `${rules.length} rules cannot be run`}: ${error}`,
      })),
    ]
  }
  const others = async () => (await nodes?.others()) ?? []
  /** What the inventory says now, to whoever reads lines or makes events. */
  const takeInventory = (inventory: Inventory) => {
    enricher = createEnricher({ inventory, geoip })
    ingest.setInventory(inventory)
  }
  // Who does not run the rules only judges by the new ones.
  const takeRules = (next: Held) =>
    book
      .take(next, roles.has('detect') ? schedule.change : (work) => work(), ingest.setJudging)
      .finally(() => failing.clear())
  /** The sources as the versions have them now, to whoever reads lines. */
  const takeSources = async (more: Partial<Config> = {}) => {
    const next = sourcebook.sources()
    const difference = sourcesDifference(config.sources, next)
    if (Object.values(difference).some((ids) => ids.length > 0)) {
      config = { ...config, ...more, sources: next }
      await ingest.setSources(sourcebook.read())
      left.forget()
    }
    return difference
  }
  const followWords = followInventory(book, words, takeRules, problems)
  const reload = async (): Promise<Reloaded> => {
    const next = rereadConfig(first)
    // All three are read before one of them is taken over: what is wrong in one leaves all as they are.
    const book_ = book.read(words())
    geoip = geoip.renewed()
    const inventory = await inventories.reload(next.sources)
    takeInventory(inventories.current())
    await sourcebook.bring(next)
    const sources = await takeSources({ described: next.described })
    // Whether or not they changed: certificates are read again too.
    for (const listener of listeners) listener(config.sources)
    const rules = await takeRules(await book.bring(book_))
    await followWords()
    return { rules, inventory, sources, waiting: needRestart(first, next) }
  }
  let day = dayOf(inventories.current().province.timezone, clock())
  /** One after the other. */
  let reloading: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = reloading.catch(() => {}).then(work)
    reloading = mine
    return mine
  }
  const changed = async <T>(change: Promise<T>): Promise<T> => {
    const done = await change
    takeInventory(inventories.current())
    await followWords()
    return done
  }
  return {
    get config() {
      return config
    },
    clock,
    trust,
    store,
    get inventory() {
      return inventories.current()
    },
    inventories,
    enrich: (event, source) => enricher(event, source),
    ingest,
    schedule,
    deadlines,
    cases,
    scribe,
    roles,
    get rules() {
      return book.rules()
    },
    get judging() {
      return book.judging()
    },
    reload: () => inTurn(reload),
    changeInventory: (...given) => inTurn(() => changed(inventories.change(...given))),
    settleInventory: (...given) => inTurn(() => changed(inventories.settle(...given))),
    book,
    changeRules: (change) =>
      inTurn(async () => {
        const done = await change(book)
        await takeRules(done.held)
        return done
      }),
    sourcebook,
    changeSource: (id, change, take) =>
      inTurn(async () => {
        const check = (source: Source) => {
          holdSources(config, [source], inventories.current())
          holdPorts(config, source)
        }
        const done = await (take ? sourcebook.settle(id, take, change, check) : sourcebook.change(id, change, check))
        await takeSources()
        for (const listener of listeners) listener(config.sources)
        return done
      }),
    onSources: (listener) => void listeners.push(listener),
    status: async () =>
      mergeStatus([...(await ingest.status()), ...(await others()).flatMap(({ sources }) => sources)]),
    wrong: async () => [
      ...mine(),
      ...(await left.said()),
      ...(await store.problems()).map((message, i) => ({ code: `store-now-${i}`, message })),
      ...(await others()).flatMap((other) =>
        other.problems.map(({ code, message }) => ({
          code: `${other.node}-${code}`,
          message: `${other.host}: ${message}`,
        })),
      ),
    ],
    publish: async () => {
      lookAtFolder()
      await trust.keep()
      await switches.read()
      const followed = nodes && (await inventories.follow())
      if (followed) takeInventory(inventories.current())
      const now = dayOf(inventories.current().province.timezone, clock())
      if (followed || now !== day) await inTurn(followWords)
      if (nodes && (await sourcebook.follow())) {
        await inTurn(takeSources)
        for (const listener of listeners) listener(config.sources)
      }
      const next = nodes && (await book.follow())
      if (next) await inTurn(() => takeRules(next))
      day = now
      await nodes?.publish({ sources: roles.has('ingest') ? await ingest.status() : [], problems: mine() })
    },
    enabled: (id) => !switches.isOff(id),
    setEnabled: switches.set,
    problems,
    demo: options.demo ?? false,
    syslog: {},
    replay: undefined,
    close: async () => {
      await Promise.all([schedule.stop(), ingest.stop()])
      await scribe.stop()
      await briefly(() => nodes?.leave())
      await store.close()
    },
  }
}
