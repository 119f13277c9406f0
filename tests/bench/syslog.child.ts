/**
 * The collectors of a server, without its rules and console: says its port, and when so many lines are on disk (the parser is
 * held), or with `stored` when they are in the store. `CONFIGURATION LINES [stored]`
 */
import { readConfig } from '../../api/config.ts'
import { syslogOptions } from '../../api/config-syslog.ts'
import { openInstallation } from '../../api/installation.ts'
import { openSyslog } from '../../ingest/collect/syslog.ts'

const [file, wanted, storing] = [process.argv[2]!, Number(process.argv[3]), process.argv[4] === 'stored']
const config = readConfig(file, {})
const installation = await openInstallation(config, {
  clock: Date.now,
  warn: (sentence) => process.stderr.write(`${sentence}\n`),
})
let accepted = 0
const { ingest } = installation
const counting = {
  ...ingest,
  accept: async (...args: Parameters<typeof ingest.accept>) => {
    const taken = await ingest.accept(...args)
    accepted += taken.accepted
    if (accepted === wanted && !storing) process.stdout.write(`accepted ${accepted}\n`)
    return taken
  },
}
if (storing) {
  await ingest.start()
  const timer = setInterval(() => {
    if (ingest.progress().lines < wanted) return
    clearInterval(timer)
    process.stdout.write(`stored ${ingest.progress().lines}\n`)
  }, 20)
}
const syslog = await openSyslog(syslogOptions(config), config.sources, counting, Date.now)
process.stdout.write(`port ${syslog.tcp}\n`)
