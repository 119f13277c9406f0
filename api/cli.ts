/** The command line. Every mistake is one sentence on standard error and exit 1. */
import { withComputed } from '../ingest/computed/computed.ts'
import { counted } from '../ingest/counted.ts'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { toDocument } from '../ingest/event.ts'
import { addInventory } from './commands/inventory.ts'
import { addUsers } from './commands/users.ts'
import { addReport } from './commands/report.ts'
import { addParserCommands } from './commands/parsers.ts'
import { addRules } from './commands/rules.ts'
import { type Named, readEvents, sourceNamed, stagesOf } from './commands/lines.ts'
import { addSources } from './commands/sources.ts'
import { tell } from './commands/printable.ts'
import { openBar, print, table } from './commands/show.ts'
import { holdOnTo } from './commands/tether.ts'
import { type Config, readConfig, SERVER_ROLES, type ServerRole, socketPath } from './config.ts'
import type { Coverage } from './contract-province.ts'
import type { Request } from './control.ts'
import type { ReparseRequest } from './reparse.ts'
import type { ImportProgress } from './import.ts'

const program = new Command('vonglau')
  .description('Vọng Lâu: security monitoring of a province')
  .showHelpAfterError()
  .option('-c, --config <file>', 'configuration (default: vonglau.yml here)')
  .option('--store <store>', 'duckdb or elasticsearch, instead of what the configuration says')
/** As the options name it: on the command line more than in the environment, there more than in the file. */
const environment = (): NodeJS.ProcessEnv => {
  const { store } = program.opts<{ store?: string }>()
  return store === undefined ? process.env : { ...process.env, VONGLAU_STORE: store }
}
const COVERAGE_WORDS = {
  full: 'sends',
  part: 'sends a part',
  silent: 'silent',
  declared: 'firewall, never sent',
  none: 'no firewall declared',
} as const
const config = (): Config => readConfig(program.opts<{ config?: string }>().config, environment())
const time = (text: string): number => {
  const at = /^\d{12,13}$/.test(text) ? Number(text) : Date.parse(text)
  if (!Number.isFinite(at))
    throw new InvalidArgumentError('write a time such as 2026-11-21 or 2026-11-21T14:05:00+07:00')
  return at
}
const collect = (value: string, all: string[]) => [...all, value]
/** What opens an installation is loaded where it is needed: half a second of a command that has none. */
const reach = async function* (settings: Config, request: Request) {
  yield* (await import('./commands/reach.ts')).reach(settings, request)
}

interface ScanOptions {
  readonly events?: true
  readonly rules?: string
  readonly exceptions?: true
}

program
  .command('start')
  .description('run the server: collectors, detection, console')
  .option('--roles <roles>', 'ingest,detect,api', 'ingest,detect,api')
  .action(async ({ roles }: { roles: string }) => {
    const wanted = roles.split(',').map((role) => role.trim() as ServerRole)
    const unknown = wanted.find((role) => !SERVER_ROLES.includes(role))
    if (unknown !== undefined) throw new Error(`--roles ${roles}: the roles are ${SERVER_ROLES.join(', ')}`)
    const settings = config()
    if (settings.store === 'duckdb' && new Set(wanted).size < SERVER_ROLES.length)
      throw new Error(
        `--roles ${roles}: the embedded store belongs to one process, so all roles run in it: leave --roles out, or choose "store: elasticsearch"`,
      )
    const { start } = await import('./commands/start.ts')
    await start(settings, wanted)
  })
program
  .command('demo')
  .description('the demo province: 14 days replayed through the real collectors, then live')
  .option('--listen <address>', 'host:port', '127.0.0.1:8420')
  .option('--data <folder>', 'where it is kept; begun anew each time', '.vonglau/demo')
  .action(async (options: { listen: string; data: string }) => {
    const { demo } = await import('./demo/demo.ts')
    await demo({ listen: options.listen, data: resolve(options.data), env: environment() })
  })
program
  .command('parse')
  .description('lines to ECS events, one JSON a line')
  .requiredOption('--source <id>', 'a source of the configuration, or a parser')
  .option('--timezone <zone>', 'of times that do not say theirs')
  .option('--options <json>', 'what the parser cannot know of the format, such as {"format": "$remote_addr …"}')
  .argument('[file]', 'a file, or - for standard input', '-')
  .action(async (file: string, options: Named) => {
    const settings = config()
    const source = sourceNamed(settings, options)
    for await (const events of readEvents(source, file, stagesOf(settings)(source), Date.now()))
      await print(events.map((event) => JSON.stringify(toDocument(withComputed(event)))))
  })
program
  .command('detect-source')
  .description('which parser reads these lines best, and what to write under "sources:"')
  .argument('[file]', 'a file, or - for standard input', '-')
  .action(async (file: string) => {
    const { detectSource } = await import('./commands/detect-source.ts')
    await detectSource(config(), file)
  })
addParserCommands(program, config, print)
program
  .command('scan')
  .description('the rules over files, without a server: one JSON a match')
  .option('--source <id>', 'of raw lines: a source of the configuration, or a parser')
  .option('--timezone <zone>', 'of times that do not say theirs')
  .option('--options <json>', 'what the parser cannot know of the format, such as {"format": "$remote_addr …"}')
  .option('--events', 'the files hold events, one JSON object a line, with names as the rules have them')
  .option(
    '--exceptions',
    'of raw lines: without what the exceptions in force name, as the server or the store knows them',
  )
  .option('--rules <folder>', 'with --events: these rules, instead of the catalog and those of the configuration')
  .argument('<files...>', 'or - for standard input')
  .action(async (files: string[], { events, rules, exceptions, ...named }: Partial<Named> & ScanOptions) => {
    if (events) {
      if (exceptions) throw new Error('--exceptions is of raw lines: events are looked at by rules that have none')
      if (named.source !== undefined)
        throw new Error('--events and --source: events are of no source, name one of them')
      const { scanEvents } = await import('./commands/scan-events.ts')
      return scanEvents(config(), rules, files)
    }
    const { source } = named
    if (source === undefined)
      throw new Error('name the source of the lines, --source ID, or say --events where the files hold events')
    if (rules !== undefined)
      throw new Error(
        '--rules is of --events: raw lines are looked at by the catalog and by "rules:" of the configuration',
      )
    const { scan } = await import('./commands/scan.ts')
    const settings = config()
    const { exceptionsFrom } = await import('./commands/exceptions.ts')
    const known = exceptions ? await exceptionsFrom(settings, reach(settings, { ask: 'exceptions' })) : undefined
    await scan(settings, sourceNamed(settings, { ...named, source }), files, known)
  })
program
  .command('import')
  .description('history into the store; raises no alerts unless --detect')
  .requiredOption('--source <id>', 'a source of the configuration, or a parser')
  .option('--timezone <zone>', 'of times that do not say theirs')
  .option('--options <json>', 'what the parser cannot know of the format, such as {"format": "$remote_addr …"}')
  .option('--detect', 'run the rules over it', false)
  .argument('<files...>')
  .action(async (files: string[], options: Named & { detect: boolean }) => {
    const settings = config()
    const source = sourceNamed(settings, options)
    const bar = openBar()
    let last: ImportProgress | undefined
    try {
      for await (const { progress } of reach(settings, {
        ask: 'import',
        source,
        files: files.map((file) => resolve(file)),
        detect: options.detect,
      }))
        bar.update((last = progress as ImportProgress))
    } finally {
      bar.stop()
    }
    await print([
      `${counted(last?.lines ?? 0, 'line')} imported, ${last?.unparsed ?? 0} of them not understood (kept as pipeline_error)`,
    ])
  })
program
  .command('reparse')
  .description(
    'reads stored lines again, after a parser was mended or a sender given its source; goes on where it broke off',
  )
  .requiredOption('--source <id>', 'whose lines: a source of the configuration, or unknown')
  .option('--from <time>', 'those that arrived from this time on', time)
  .option('--to <time>', 'those that arrived before this time', time)
  .option('--as <id>', 'the source that they are read as')
  .option('--sender <address>', 'only those that this address sent')
  .option('--agency <id>', 'the agency that they are given, whatever they had')
  .action(async (options: ReparseRequest) => {
    const { showReparse } = await import('./commands/reparse.ts')
    await showReparse(config(), options)
  })
program
  .command('migrate')
  .description('copies an embedded installation into the cluster of "elasticsearch:"; goes on where it broke off')
  .requiredOption('--to <store>', 'elasticsearch')
  .action(async ({ to }: { to: string }) => {
    if (to !== 'elasticsearch') throw new Error(`--to ${to}: an installation can be moved to elasticsearch`)
    const { moveToCluster } = await import('./commands/migrate.ts')
    await moveToCluster(config())
  })
program
  .command('query')
  .description('events that a KQL search finds, as NDJSON, or how many')
  .argument('[kql]', 'such as: source.ip : 2001:db8::/32 and event.action : deny', '')
  .option('--from <time>', 'from this time on', time)
  .option('--to <time>', 'before this time', time)
  .option('--count', 'only how many', false)
  .action(async (kql: string, options: { from?: number; to?: number; count: boolean }) => {
    for await (const answer of reach(config(), {
      ask: 'query',
      kql,
      count: options.count,
      ...(options.from === undefined ? {} : { from: options.from }),
      ...(options.to === undefined ? {} : { to: options.to }),
    })) {
      if ('count' in answer) await print([String(answer['count'])])
      else if ('event' in answer) await print([JSON.stringify(answer['event'])])
      else tell(String(answer['warning']))
    }
  })
addSources(program, (request) => reach(config(), request))

program
  .command('coverage')
  .description('who sends logs, and who does not: every agency with a network')
  .action(async () => {
    for await (const answer of reach(config(), { ask: 'coverage' })) {
      const { items, counts } = answer['coverage'] as Coverage
      if (items.length === 0) {
        await print(['no agency with a network is in the inventory: add "networks:" with an "organization:"'])
        continue
      }
      await print([
        table([
          ['agency', 'state', 'firewalls', 'sources', 'lines/24h', 'understood'],
          ...items.map(({ name, state, firewalls, sending, expected, lines, understood }) => [
            name,
            COVERAGE_WORDS[state],
            firewalls,
            `${sending}/${expected}`,
            lines,
            understood === undefined ? 'not known' : `${Math.floor(understood * 100)} %`,
          ]),
        ]),
        '',
        Object.entries(counts)
          .map(([state, n]) => `${COVERAGE_WORDS[state as keyof typeof COVERAGE_WORDS]}: ${n}`)
          .join(', '),
      ])
    }
  })

/** Who sits there, also behind sudo: for the trail. */
const person = (): string => {
  const behind = process.env['SUDO_USER']
  try {
    const { username } = userInfo()
    return behind && behind !== username ? `${behind} as ${username}` : username
  } catch {
    return behind ?? `uid ${process.getuid?.()}`
  }
}
program
  .command('reload')
  .description('reads rules, inventory and sources again while the server runs; also: kill -HUP')
  .action(async () => {
    const { listens } = await import('./commands/reach.ts')
    if (!(await listens(socketPath(config()))))
      throw new Error(
        `no Vọng Lâu runs with the data folder ${config().data}: rules are read when one is started; to look at them, vonglau rules check`,
      )
    for await (const answer of reach(config(), { ask: 'reload', by: person() }))
      await print([String(answer['reloaded'])])
  })
addReport(program, (request) => reach(config(), request), person)
addInventory(program, (request) => reach(config(), request), person)
addRules(program, config, (request) => reach(config(), request), person, time)
program
  .command('clock')
  .description('of this machine')
  .command('accept')
  .description('it is right, although it is not believed: time goes on by it, and old days may go again')
  .action(async () => {
    for await (const answer of reach(config(), { ask: 'clock.accept', by: person() })) {
      const { says, expected } = answer['accepted'] as { says: number; expected: number }
      await print([
        `${new Date(says).toISOString()} is believed from now on; expected was ${new Date(expected).toISOString()}`,
      ])
    }
  })

addUsers(program, (request) => reach(config(), request), person)
program
  .command('doctor')
  .description('what is wrong with this installation')
  .action(async () => {
    const { examine } = await import('./commands/doctor.ts')
    const findings = await examine(program.opts<{ config?: string }>().config, environment())
    for (const { ok, what } of findings) await print([`${ok ? 'ok   ' : 'WRONG'}  ${what}`])
    if (findings.some(({ ok }) => !ok)) process.exitCode = 1
  })

// Whatever a command writes is its user's alone.
process.umask(0o077)
holdOnTo(process.env['VONGLAU_TETHER'])
// A reader that went away (head, less) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
try {
  await program.parseAsync()
} catch (error) {
  tell(`vonglau: ${error instanceof Error ? error.message : String(error)}`)
  if (process.env['VONGLAU_DEBUG'] && error instanceof Error) tell(String(error.stack))
  process.exit(1)
}
