/** `vonglau rules`: for rule authors. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { counted } from '../../ingest/counted.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { aloneOf } from '../../rules/alone.ts'
import { checkRules, costlyRules, scheduledRules, testRules, unaskedSelections } from '../../rules/check.ts'
import { navigatorLayer } from '../../rules/coverage.ts'
import { CATALOG, loadRules } from '../../rules/load.ts'
import type { Config } from '../config.ts'
import type { ExceptionRow } from '../contract-rules.ts'
import type { Request } from '../control.ts'
import { tell } from './printable.ts'
import type { Answer } from './reach.ts'
import { print, table } from './show.ts'

/** The events beside the rules of the catalog are of its portals. */
const DEMO_INVENTORY = fileURLToPath(new URL('../../seeds/vinh-long/inventory.yml', import.meta.url))
/** Ordinary events, over which the cost of a rule is measured that is asked of all. */
const SAMPLES = [
  [
    'nginx_access',
    '198.51.100.7 - - [21/Nov/2026:07:05:00 +0000] "GET /tin-tuc/bai-viet-12.html?trang=2 HTTP/1.1" 200 5120 "https://cong.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"',
  ],
  [
    'fortinet_fortigate',
    'date=2026-11-21 time=07:05:00 devname="fw" devid="FGT60F" logid="0000000013" type="traffic" subtype="forward" level="notice" srcip=198.51.100.7 srcport=50123 dstip=203.0.113.10 dstport=443 proto=6 action="accept" service="HTTPS" sentbyte=120 rcvdbyte=4096',
  ],
] as const
const collect = (value: string, all: string[]) => [...all, value]
/** Version, when, by whom, why. */
type HistoryRow = readonly [string, string, string, string]

/** `ask`: of the running server, or of the installation that the command opens itself. `person`: who sits there. */
export const addRules = (
  program: Command,
  config: () => Config,
  ask: (request: Request) => AsyncIterable<Answer>,
  person: () => string,
  time: (text: string) => number,
): void => {
  const rules = program.command('rules').description('for rule authors')
  rules
    .command('check')
    .description('load every rule and say what is wrong')
    .argument('[folder]', 'rules of your own (default: rules: of the configuration)')
    .action(async (folder?: string) => {
      const { eventOfLine, wordsOf } = await import('./scan.ts')
      const words = wordsOf(config())
      const problems = checkRules(folder ?? config().rules, LOGSOURCES, words)
      for (const problem of problems) tell(problem)
      if (problems.length) process.exitCode = 1
      else {
        const rules = loadRules(folder ?? config().rules, LOGSOURCES, words)
        const toEvent = eventOfLine(config())
        const events = SAMPLES.map(([source, line]) => toEvent(source, line)).filter((event) => event !== undefined)
        await print([
          ...unaskedSelections(rules),
          ...costlyRules(rules, events),
          ...scheduledRules(rules),
          `${counted(rules.length, 'rule')}, none with a mistake`,
        ])
      }
    })
  rules
    .command('test')
    .description('run every rule, or those of a file, against the <file>.events.ndjson beside it')
    .argument('[folder or file]', 'rules of your own (default: rules: of the configuration)')
    .action(async (folder?: string) => {
      const given = config()
      const settings = { ...given, inventory: given.inventory ?? DEMO_INVENTORY }
      const { eventOfLine, wordsOf } = await import('./scan.ts')
      const folderOf = folder ?? settings.rules ?? CATALOG
      const tested = testRules(folderOf, eventOfLine(settings), LOGSOURCES, wordsOf(settings))
      const failures = tested.flatMap((each) => each.failures)
      for (const failure of failures) tell(failure)
      await print([
        ...tested.flatMap((each) => each.warnings),
        ...tested.map(
          (each) =>
            `${each.failures.length ? 'FAIL' : 'ok  '}  ${each.rules.map((rule) => rule.id).join(', ')}: ${each.matching} that must match, ${each.others} that must not`,
        ),
        `${tested.filter((each) => each.failures.length === 0).length} passed, ${tested.filter((each) => each.failures.length > 0).length} failed`,
      ])
      if (failures.length) process.exitCode = 1
    })
  rules
    .command('coverage')
    .description('what the rules find')
    .option('--alone', 'of the events beside each rule, those that no other rule finds')
    .option('--navigator', 'a layer for the ATT&CK Navigator, as JSON')
    .argument('[folder]', 'rules of your own, looked at with the catalog (default: rules: of the configuration)')
    .action(async (folder: string | undefined, options: { alone?: true; navigator?: true }) => {
      const given = config()
      const settings = { ...given, inventory: given.inventory ?? DEMO_INVENTORY }
      const { eventOfLine, wordsOf } = await import('./scan.ts')
      const loaded = loadRules(folder ?? settings.rules, LOGSOURCES, wordsOf(settings))
      if (!options.alone) {
        const { coverageLines } = await import('./author.ts')
        await print(options.navigator ? [JSON.stringify(navigatorLayer(loaded), undefined, 2)] : coverageLines(loaded))
        return
      }
      const found = aloneOf(loaded, eventOfLine(settings))
      const none = found.filter(({ alone }) => alone === 0)
      await print([
        table([
          ['rule', 'level', 'finds', 'alone', 'with'],
          ...found.map(({ rule, found, alone, with: others }) => [
            rule.id,
            rule.level,
            String(found),
            String(alone),
            others.slice(0, 3).join(', '),
          ]),
        ]),
        '',
        `${counted(found.length, 'rule')}, ${none.length === 0 ? 'each finds something that no other does' : `${none.length} of them nothing that no other finds`}`,
      ])
    })
  rules
    .command('exceptions')
    .description('what no alert is made of: for which rules, by whom, until when, and how often')
    .action(async () => {
      const rows: (string | number)[][] = [['when', 'rules', 'owner', 'reason', 'ends', 'hidden', 'last']]
      for await (const answer of ask({ ask: 'exceptions' })) {
        const {
          kql,
          rules: ids,
          groups,
          owner,
          reason,
          expires,
          status,
          hits,
          last_hit,
        } = answer['exception'] as ExceptionRow
        rows.push([
          kql,
          [...ids, ...groups.map((group) => `group ${group}`)].join(', ') || 'all',
          owner,
          reason,
          status === 'active' ? new Date(expires).toISOString().slice(0, 10) : status,
          hits,
          last_hit === undefined ? 'never' : new Date(last_hit).toISOString(),
        ])
      }
      await print([
        rows.length > 1 ? table(rows) : "there are no exceptions: they are made from an alert, or on a rule's page",
      ])
    })
  rules
    .command('history')
    .description('the versions of a rule: when, by whom or from which file, and why; or what differs between two')
    .argument('<rule>', 'the id of a rule')
    .option('--from <version>', 'what differs from this version on: a number, or catalog')
    .option('--to <version>', 'up to this one (default: the one in force)')
    .action(async (rule: string, options: { from?: string; to?: string }) => {
      const rows: string[][] = []
      for await (const answer of ask({ ask: 'rule.history', rule, ...options })) {
        if ('lines' in answer) await print(answer['lines'] as string[])
        else rows.push((answer['version'] as HistoryRow).map(String))
      }
      if (rows.length > 0) await print([table([['version', 'when (UTC)', 'by', 'why'], ...rows])])
    })
  rules
    .command('backtest')
    .description('what a rule would have found in what is stored, by day and agency, with examples')
    .argument('<rule>', 'the id of a rule in force, or a file')
    .option('--from <time>', 'events from this time on', time)
    .option('--to <time>', 'events before this time', time)
    .option('--json', 'the whole answer as JSON', false)
    .action(async (rule: string, options: { from?: number; to?: number; json: boolean }) => {
      const { backtestLines } = await import('./backtest.ts')
      const isFile = /[./\\]/.test(rule) && existsSync(rule)
      if (!isFile && /\.ya?ml$/.test(rule))
        throw new Error(`${rule}: there is no such file; name a file, or a rule by its id`)
      await print(
        await backtestLines(
          ask({
            ask: 'backtest',
            ...(isFile ? { yaml: readFileSync(rule, 'utf8') } : { rule }),
            ...(options.from === undefined ? {} : { from: options.from }),
            ...(options.to === undefined ? {} : { to: options.to }),
          }),
          config().timezone,
          options.json,
        ),
      )
    })
  rules
    .command('backfill')
    .description('raises alerts for a stretch of the past, after it has shown what they would be; twice adds nothing')
    .argument('<rule>', 'the id of a rule in force')
    .requiredOption('--from <time>', 'events from this time on', time)
    .requiredOption('--to <time>', 'events before this time', time)
    .option('--yes', 'without asking again', false)
    .action(async (rule: string, options: { from: number; to: number; yes: boolean }) => {
      const { backfillLines } = await import('./backfill.ts')
      await backfillLines(ask, { rule, ...options }, person(), config().timezone)
    })
  rules
    .command('pack')
    .description('the rules of a folder as one signed file, for places without any network')
    .argument('[folder]', 'rules of your own (default: rules: of the configuration)')
    .option('--to <file>', 'the pack', 'rules.vlpack')
    .option('--key <file>', 'the private key that signs (PEM, Ed25519)')
    .option('--name <name>', 'of two packs with the same name the later one is the newer', 'rules')
    .option('--new-key <file>', 'only makes a key, and its public half beside it')
    .action(
      async (folder: string | undefined, options: { to: string; key?: string; name: string; newKey?: string }) => {
        const { writeKeys, writePack } = await import('./pack.ts')
        if (options.newKey !== undefined) return await print(writeKeys(options.newKey))
        if (options.key === undefined) throw new Error('name the key that signs with --key; --new-key FILE makes one')
        const { versionsFrom } = await import('./pack.ts')
        const versionOf = await versionsFrom(ask({ ask: 'rule.versions' }))
        const { to, key, name } = options
        await print(writePack(config(), folder, { to, key, name, by: person(), made: Date.now(), versionOf }))
      },
    )
  rules
    .command('unpack')
    .description('takes the rules of a signed pack into a folder; everything is checked before anything is written')
    .argument('<file>', 'the pack')
    .option('--trust <file>', 'a public key that you trust (PEM); several may be named', collect, [])
    .option('--to <folder>', 'where (default: rules: of the configuration)')
    .option('--check', 'only says what would be done', false)
    .option('--force', 'over what was changed here, and over a newer pack', false)
    .action(async (file: string, options: { trust: string[]; to?: string; check: boolean; force: boolean }) => {
      if (options.trust.length === 0)
        throw new Error('name the public key of who made the pack with --trust; a pack without one is not believed')
      const { unpack } = await import('./pack.ts')
      await print(unpack(config(), file, options))
    })
  rules
    .command('convert')
    .description('a rule as the stores are asked for it: a condition of SQL, a query of Elasticsearch')
    .argument('<rule>', 'the id of a rule, or a file')
    .option('--to <store>', 'sql or elasticsearch; without: both')
    .action(async (rule: string, { to }: { to?: string }) => {
      if (to !== undefined && to !== 'sql' && to !== 'elasticsearch')
        throw new Error(`--to ${to}: there are sql and elasticsearch`)
      const { convertLines } = await import('./author.ts')
      await print(await convertLines(config(), rule, to))
    })
  rules
    .command('new')
    .description('a rule to begin with, and events beside it')
    .argument('<id>', 'words and hyphens, such as backup-download')
    .option('--correlation', 'over several events')
    .option('--folder <folder>', 'where (default: rules: of the configuration)')
    .action(async (id: string, options: { correlation?: true; folder?: string }) => {
      const { writeNew } = await import('./author.ts')
      await print(writeNew(config(), id, person(), options))
    })
  rules
    .command('import')
    .description(
      "rules of others, such as SigmaHQ's, with their authors and licences; says what cannot run here, and why",
    )
    .argument('<paths...>', 'files, or folders with all below them')
    .option('--to <folder>', 'where they are copied to (default: rules: of the configuration)')
    .option('--license <name>', "of files that do not say theirs, such as DRL-1.1, which SigmaHQ's have")
    .option('--dry-run', 'only say what would be done')
    .action(async (paths: string[], options: { to?: string; license?: string; dryRun?: true }) => {
      const { importLines } = await import('./author.ts')
      await print(await importLines(config(), paths, options))
    })
}
