import { Hono } from 'hono'
import { canonicalAddress } from '../../ingest/ip.ts'
import { ANY, eq, type Filter, or } from '../../ingest/store/filter.ts'
import { sees } from '../../ingest/store/scope.ts'
import type { Env } from '../context.ts'
import type { Found } from '../contract.ts'
import { does } from '../does.ts'
import { find as findOperation } from '../schema/find.ts'
import { sourceRows } from './sources.ts'
import { incidentsOf } from './incidents.ts'

/** As people type: without diacritics and case. */
export const plain = (text: string): string =>
  text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase()

export const find = new Hono<Env>().get('/', does(findOperation), async (c) => {
  const { installation, scope } = c.var
  const asked = c.req.valid('query')
  const q = plain(asked.q?.trim() ?? '')
  const limit = asked.limit ?? 20
  const items: Found[] = []
  if (q === '') return c.json({ items })
  const visible = (id: string) => sees(scope, id)
  // Every word has to stand somewhere in the name.
  const words = q.split(/\s+/)
  const fits = (...texts: (string | undefined)[]) => {
    const all = plain(texts.filter(Boolean).join(' '))
    return words.every((word) => all.includes(word))
  }
  const address = canonicalAddress(q)
  if (address)
    items.push({
      kind: 'address',
      id: address,
      label: address,
      href: `/events?q=${encodeURIComponent(`source.ip : "${address}" or destination.ip : "${address}"`)}`,
    })
  // SYT-2026-014 or the beginning of it; 14 alone; and the plain numbers of before.
  const wanted = q.replace('#', '')
  const numbered: Filter[] = [
    ...(/^[a-z][a-z0-9]*-\d{4}-?\d*$/.test(wanted)
      ? [{ op: 'like', field: 'incident.number', pattern: [wanted, ANY] } as const]
      : []),
    ...(/^\d+$/.test(wanted)
      ? [
          eq('incident.former', Number(wanted)),
          { op: 'like', field: 'incident.number', pattern: [ANY, `-${wanted.padStart(3, '0')}`] } as const,
        ]
      : []),
  ]
  if (numbered.length) {
    const found = await incidentsOf(installation).query(scope, {
      filter: or(...numbered),
      sort: [{ field: 'incident.created', order: 'desc' }],
      limit: 8,
    })
    for (const { doc } of found.items) {
      const id = doc['incident.number']
      items.push({
        kind: 'incident',
        id,
        label: `${id} ${c.var.language === 'en' ? (doc.title_en ?? doc.title) : doc.title}`,
        sub: String(doc['organization.name'] ?? ''),
        href: `/incidents/${encodeURIComponent(id)}`,
      })
    }
  }
  for (const agency of installation.inventory.agencies) {
    if (visible(agency.id) && fits(agency.name, agency.short, agency.id))
      items.push({
        kind: 'agency',
        id: agency.id,
        label: agency.name,
        ...(agency.short ? { sub: agency.short } : {}),
        href: `/agencies/${encodeURIComponent(agency.id)}`,
      })
  }
  for (const portal of installation.inventory.portals) {
    if (sees(scope, portal.organization, portal.system) && fits(portal.domain, portal.name, ...portal.addresses))
      items.push({
        kind: 'portal',
        id: portal.id,
        label: portal.domain,
        sub: portal.name,
        href: `/portals?portal=${encodeURIComponent(portal.id)}`,
      })
  }
  for (const rule of installation.rules) {
    if (fits(rule.name.vi, rule.name.en, rule.id))
      items.push({
        kind: 'rule',
        id: rule.id,
        label: rule.name.vi,
        sub: rule.name.en,
        href: `/rules/${encodeURIComponent(rule.id)}`,
      })
  }
  for (const source of await sourceRows(installation, scope)) {
    if (fits(source.id, source.title))
      items.push({
        kind: 'source',
        id: source.id,
        label: source.id,
        sub: source.title,
        href: `/sources?source=${encodeURIComponent(source.id)}`,
      })
  }
  return c.json({ items: items.slice(0, limit) })
})
