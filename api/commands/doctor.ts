/** `vonglau doctor`: what is wrong with this installation, a sentence each, and what to do. */
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { UNKNOWN_SOURCE } from '../../ingest/source.ts'
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { glob, readlink } from 'node:fs/promises'
import { counted } from '../../ingest/counted.ts'
import { boundsOf, LeadsOut } from '../../ingest/collect/links.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import { syslogPorts } from '../config-syslog.ts'
import { type Config, readConfig, socketPath } from '../config.ts'
import type { Health, RetentionState, SourceRow } from '../contract.ts'
import { readInventory } from '../inventories.ts'
import { listens, reach } from './reach.ts'
import { checkRules } from '../../rules/check.ts'

export interface Finding {
  readonly ok: boolean
  readonly what: string
}

export const examine = async (file: string | undefined, env: NodeJS.ProcessEnv): Promise<Finding[]> => {
  const findings: Finding[] = []
  const good = (what: string) => findings.push({ ok: true, what })
  const bad = (what: string) => findings.push({ ok: false, what })
  const attempt = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      bad((error as Error).message)
      return undefined
    }
  }
  const config = await attempt(() => readConfig(file, env))
  if (!config) return findings
  good(
    config.file
      ? `configuration ${config.file} is valid, ${counted(config.sources.length, 'source')}`
      : 'no vonglau.yml here: the defaults apply',
  )
  const secrets =
    config.sources.some(({ collect }) => collect.kind === 'http') ||
    config.elasticsearch.password !== undefined ||
    config.elasticsearch.api_key !== undefined
  for (const file of [secrets ? config.file : undefined, config.tls?.key])
    if (file !== undefined && (statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o004)
      bad(`every user of this machine can read ${file}, which holds secrets: chmod 600 it`)
  const inventory = await attempt(() => readInventory(config))
  if (inventory)
    config.inventory
      ? good(
          `inventory ${config.inventory}: ${counted(inventory.agencies.length, 'agency', 'agencies')}, ${counted(inventory.portals.length, 'portal')}`,
        )
      : bad(
          'no inventory is configured, so no event belongs to an agency: write one and name it under "inventory:" (seeds/vinh-long/inventory.yml shows how)',
        )
  const problems = await attempt(() => checkRules(config.rules, LOGSOURCES))
  if (problems?.length === 0) good('every rule can be loaded')
  for (const problem of problems ?? []) bad(problem)
  const geoip = await attempt(() => openGeoIp(config.geoip))
  if (geoip) {
    good(`the country database can be read; ${agedText(geoip.built.country)}`)
    if (geoip.built.asn !== undefined)
      good(`the database of autonomous systems can be read; ${agedText(geoip.built.asn)}`)
  }
  if (config.sources.length === 0)
    bad('no sources are configured: the page "Nguồn" shows what to write for a FortiGate, nginx and IIS')
  for (const { id, collect } of config.sources) {
    if (collect.kind === 'file') await lookAt(id, collect, bad)
    if (collect.kind === 'syslog' && syslogPorts(config.syslog).size === 0)
      bad(`source ${id} waits for syslog, but no port is open: add syslog: { udp: "0.0.0.0:5514" }`)
  }
  const running = existsSync(socketPath(config)) && (await listens(socketPath(config)))
  good(running ? 'the server is running' : 'the server is not running (vonglau start)')
  const cluster = config.store === 'elasticsearch'
  if (existsSync(config.data) && !cluster) {
    const disk = statfsSync(config.data)
    const used = Math.round((100 * (disk.blocks - disk.bavail)) / disk.blocks)
    ;(used > config.retention.disk_percent ? bad : good)(
      `the disk of ${config.data} is ${used} % full${used > config.retention.disk_percent ? `, more than ${config.retention.disk_percent} %: no day is removed for it, and when it is full nothing more is taken; free space, or lower "retention: gigabytes"` : ''}`,
    )
    try {
      accessSync(config.data, constants.R_OK | constants.W_OK)
    } catch {
      bad(`${config.data} cannot be written by this user: give it to the user that Vọng Lâu runs as`)
    }
  }
  if (existsSync(config.data) || cluster) {
    await attempt(async () => {
      for await (const answer of reach(config, { ask: 'health' })) {
        const { problems, retention } = answer['health'] as Health
        for (const { message } of problems) bad(message)
        if (retention) for (const sentence of toldOf(retention)) good(sentence)
      }
      for await (const answer of reach(config, { ask: 'cases' })) {
        const { ok, what } = answer['finding'] as Finding
        ;(ok ? good : bad)(what)
      }
      for await (const answer of reach(config, { ask: 'sources' })) {
        const source = answer['source'] as SourceRow
        if (running && source.state === 'silent')
          bad(
            `source ${source.id} is silent since ${new Date(source.last_event ?? 0).toISOString()}: look whether the device still sends`,
          )
        if (source.time_ahead)
          bad(
            `source ${source.id} claims times more than a day ahead: set its clock (NTP) or its timezone in vonglau.yml`,
          )
        if (source.lines > 0 && source.unparsed / source.lines > 0.05) {
          const unparsed = source.unparsed - (await refusedOf(config, source.id))
          if (unparsed / source.lines > 0.05)
            bad(
              source.id === UNKNOWN_SOURCE
                ? `${counted(unparsed, 'line')} of the last 24 h came from senders that no source names: the page "Nguồn" shows from where; write those addresses that are yours under "from:" of a source`
                : `source ${source.id}: of ${counted(source.lines, 'line')} of the last 24 h, ${counted(unparsed, 'was', 'were')} not understood by ${source.parser}: is it the right parser?`,
            )
        }
      }
    })
  }
  return findings
}

/** How old a database is, and from when on that is too old to believe: networks change hands. */
const agedText = (built: number): string => {
  const days = Math.max(0, Math.floor((Date.now() - built) / 86_400_000))
  const old = days > 365 ? ': put a newer one in its place and run vonglau reload' : ''
  return `it was made on ${new Date(built).toISOString().slice(0, 10)}, ${counted(days, 'day')} ago${old}`
}

const GB = 1e9
const size = (bytes: number): string =>
  bytes < GB / 10 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / GB).toFixed(1)} GB`

/** What becomes of old events. */
const toldOf = ({ days, bytes, unknown, quota, next, held }: RetentionState): string[] => [
  `the events take ${size(bytes)}${unknown > 0 ? `, ${size(unknown)} of them lines of unknown senders` : ''}${quota === undefined ? '' : ` of ${size(quota)}`}, and are kept for ${counted(days, 'day')}`,
  ...next.map(
    ({ day, events, why, left, sources }) =>
      `${counted(events, 'event')} of the day ${day} will be removed after ${counted(Math.ceil(left / 3_600_000), 'more hour')} of running: ${
        why === 'age'
          ? 'it is too old'
          : why === 'quota'
            ? 'the events take more than their quota'
            : `the days of ${sources!.join(', ')} are over`
      }`,
  ),
  ...held.map(
    ({ number, events, bytes: its }) =>
      `the incident ${number} holds ${counted(events, 'event')}, ${size(its)}, whatever the age`,
  ),
]

/** Lines of the last 24 h that the parser understood and the cluster refused: what its indices have wrong is said apart. */
const refusedOf = async (config: Config, id: string): Promise<number> => {
  const kql = `vonglau.source.id: ${JSON.stringify(id)} and event.kind: pipeline_error and error.message: "Elasticsearch refused the event"`
  let count = 0
  for await (const answer of reach(config, { ask: 'query', kql, from: Date.now() - 86_400_000, count: true }))
    count += Number(answer['count'] ?? 0)
  return count
}

const lookAt = async (
  id: string,
  { path, files = [] }: { readonly path: string; readonly files?: readonly string[] },
  bad: (what: string) => void,
): Promise<void> => {
  const bounds = boundsOf(path, files)
  let found = 0
  for await (const each of glob(path)) {
    found++
    try {
      await bounds.check(each)
      accessSync(each, constants.R_OK)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (error instanceof LeadsOut) bad(`source ${id}: ${error.message}`)
      else if (code === 'ENOENT') {
        const target = await readlink(each).catch(() => undefined)
        // Without a target it was rotated away since it was listed.
        if (target !== undefined)
          bad(`source ${id}: ${each} is a link to ${target}, which is not there: remove the link, or put the file back`)
      } else if (code === 'EACCES' || code === 'EPERM')
        bad(`source ${id}: ${each} cannot be read by this user: add it to the group that owns the log`)
      else bad(`source ${id}: ${each} cannot be read (${code}): look at the file and its disk`)
    }
  }
  if (found === 0) bad(`source ${id}: no file is named ${path} yet`)
}
