/** The application: routes, errors, security headers, the console's files. `Api` is what the console imports, as a type. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { getConnInfo } from '@hono/node-server/conninfo'
import { serveStatic } from '@hono/node-server/serve-static'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import { openBodies } from '../ingest/collect/body.ts'
import { AT_ROOT, elasticRoute } from '../ingest/collect/elastic.ts'
import { ingestRoute } from '../ingest/collect/http.ts'
import { parsers } from '../ingest/parsers/index.ts'
import type { Source } from '../ingest/source.ts'
import { CLIENT_HEADER, clientOf } from './client.ts'
import { type Auth, sessionCookie } from './auth/auth.ts'
import { type Env, Refusal, signedIn } from './context.ts'
import { operationsIn, type Route } from './does.ts'
import { heavy, openGate } from './gate.ts'
import type { Installation } from './installation.ts'
import type { Language } from './contract.ts'
import { failed, noSuchAddress, ofSignIn } from './failure.ts'
import { sightsOf } from './masks.ts'
import { metricsText } from './metrics.ts'
import { auditTrail, health, me, people, users } from './routes/admin.ts'
import { agencies, portals } from './routes/agencies.ts'
import { coverage } from './routes/coverage.ts'
import { inventoryView } from './routes/inventory.ts'
import { systems } from './routes/systems.ts'
import { alerts } from './routes/alerts.ts'
import { events, kql } from './routes/events.ts'
import { docs } from './routes/docs.ts'
import { figures, letters, risk, wall } from './routes/figures.ts'
import { find } from './routes/find.ts'
import { incidents } from './routes/incidents.ts'
import { live } from './routes/live.ts'
import { overview } from './routes/overview.ts'
import { backfills } from './routes/backfills.ts'
import { backtests } from './routes/backtests.ts'
import { exceptions } from './routes/exceptions.ts'
import { reports } from './routes/reports.ts'
import { ruleText, ruleTexts } from './routes/rule-texts.ts'
import { rules } from './routes/rules.ts'
import { succession } from './routes/succession.ts'
import { sourceTexts } from './routes/source-texts.ts'
import { publicAddress, sources } from './routes/sources.ts'

const routes = new Hono<Env>()
  .route('/me', me)
  .route('/overview', overview)
  .route('/alerts', alerts)
  .route('/incidents', incidents)
  .route('/agencies', agencies)
  .route('/systems', systems)
  .route('/coverage', coverage)
  .route('/risk', risk)
  .route('/figures', figures)
  .route('/letters', letters)
  .route('/wall', wall)
  .route('/reports', reports)
  .route('/inventory/succession', succession)
  .route('/inventory', inventoryView)
  .route('/portals', portals)
  .route('/events', events)
  .route('/kql', kql)
  .route('/rules', rules)
  .route('/rules', ruleTexts)
  .route('/rule-texts', ruleText)
  .route('/exceptions', exceptions)
  .route('/backfills', backfills)
  .route('/backtests', backtests)
  .route('/sources', sources)
  .route('/sources', sourceTexts)
  .route('/users', users)
  .route('/people', people)
  .route('/audit', auditTrail)
  .route('/health', health)
  .route('/find', find)
  .route('/live', live)

export type Api = typeof routes

/** What reads much of the store for one answer. */
const HEAVY = [
  'events',
  'alerts',
  'incidents',
  'agencies',
  'systems',
  'coverage',
  'risk',
  'figures',
  'letters',
  'wall',
  'reports',
  'inventory',
  'kql/suggest',
  'overview',
  'portals',
  'find',
  'exceptions',
].map(
  // Of the path itself and of all below it: a request must not take two turns, for two that each have one would wait for ever.
  (path) => `/api/${path}/*`,
)

const DIST = fileURLToPath(new URL('../ui/dist', import.meta.url))
const languageOf = (header: string | undefined): Language => (/^\s*en\b/i.test(header ?? '') ? 'en' : 'vi')

/** The console's page in the language that the configuration names; undefined where it is not built. */
const readPage = (language: Language): string | undefined => {
  const path = `${DIST}/index.html`
  return existsSync(path)
    ? readFileSync(path, 'utf8').replace('<html lang="vi">', `<html lang="${language}">`)
    : undefined
}

/** Without `auth` (a process that has no role api) only what devices and monitoring ask for is answered. */
export const createApp = ({ installation, auth }: { installation: Installation; auth: Auth | undefined }) => {
  const app = new Hono<Env>()
  const sights = sightsOf(installation.config.masks)
  const isSecure = Boolean(installation.config.tls) || installation.config.public_url?.startsWith('https:') === true
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
      },
      xFrameOptions: 'DENY',
      referrerPolicy: 'same-origin',
      strictTransportSecurity: isSecure ? 'max-age=31536000' : false,
    }),
  )
  app.use(async (c, next) => {
    c.set('installation', installation)
    if (auth) c.set('auth', auth)
    c.set('sights', sights)
    c.set('language', languageOf(c.req.header('accept-language')))
    await next()
  })
  const client = clientOf(installation.config.trusted_proxy)
  const peerOf = (c: Context<Env>): string => {
    // A request that a test hands in has no connection.
    const peer = (c.env as { incoming?: unknown } | undefined)?.incoming ? getConnInfo(c).remote.address : undefined
    return client(peer ?? 'unknown', c.req.header('x-forwarded-for'))
  }
  app.onError((error, c) => {
    const { body, status } = failed(error, c.get('language') ?? 'vi')
    return c.json(body, status)
  })
  app.get('/healthz', async (c) => {
    const committed = await installation.store.events.committed()
    return c.json({ status: 'ok', committed })
  })
  app.get('/metrics', async (c) =>
    c.text(await metricsText(installation), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )
  if (installation.roles.has('ingest')) {
    const { ingest } = installation
    const sources = () => installation.config.sources
    const peer = (c: unknown) => peerOf(c as Context<Env>)
    const bodies = openBodies()
    app.route('/ingest', ingestRoute(sources, ingest, peer, bodies))
    const whole = ({ parser }: Source) => parsers.get(parser)?.documents ?? false
    const elastic = { sources, ingest, peer, bodies, whole }
    app.route('/ingest/:source', elasticRoute(elastic))
    // For senders that can name no path. Browsers send no credentials in this way.
    const atRoot = elasticRoute(elastic)
    for (const path of AT_ROOT)
      app.all(path, (c, next) =>
        path !== '/' || c.req.header('authorization') ? atRoot.fetch(c.req.raw, c.env) : next(),
      )
  }
  if (!auth) return app
  app.use('/api/*', bodyLimit({ maxSize: 1 << 20 }))
  // Another site must not make this browser change things: browsers name where a request comes from.
  app.use('/api/*', async (c, next) => {
    const site = c.req.header('sec-fetch-site')
    if (c.req.method !== 'GET' && site !== undefined && site !== 'same-origin' && site !== 'none')
      throw new Refusal(403, 'origin', 'Yêu cầu đến từ trang khác.', 'The request comes from another site.')
    await next()
    c.header('Cache-Control', 'no-store')
  })
  app.on(['GET', 'POST'], '/api/auth/*', async (c) => {
    const headers = new Headers(c.req.raw.headers)
    headers.set(CLIENT_HEADER, peerOf(c))
    return ofSignIn(await auth.handler(new Request(c.req.raw, { headers })), c.get('language'))
  })
  app.use('/api/*', signedIn)
  const gate = openGate()
  for (const path of HEAVY) app.use(path, heavy(gate))
  app.route('/api', routes)
  let described: Route[] = []
  app.route(
    '/api',
    docs(() => described, sessionCookie(publicAddress(installation.config).url)),
  )
  described = operationsIn(app.routes)
  app.all('/api/*', (c) => c.json(noSuchAddress(c.get('language')), 404))
  app.use('/assets/*', async (c, next) => {
    await next()
    if (c.res.ok) c.header('Cache-Control', 'public, max-age=31536000, immutable')
  })
  const page = readPage(installation.config.language)
  app.get('/', (c, next) => (page === undefined ? next() : c.html(page)))
  app.use('/*', serveStatic({ root: DIST }))
  app.get('/*', (c, next) => (page === undefined ? next() : c.html(page)))
  app.get('/*', (c) => c.text(existsSync(DIST) ? 'not found' : 'the console is not built: run "npm run build"', 404))
  return app
}
