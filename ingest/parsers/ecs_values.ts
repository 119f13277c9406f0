/** The values that ECS allows of its categorisation (https://www.elastic.co/docs/reference/ecs/ecs-category-field-values-reference). */
const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

export const ALLOWED: Readonly<Record<string, ReadonlySet<string>>> = {
  'event.kind': words('alert asset enrichment event metric state pipeline_error signal'),
  'event.category': words(
    'api authentication configuration database driver email file host iam intrusion_detection library malware network package process registry session threat vulnerability web',
  ),
  'event.type': words(
    'access admin allowed change connection creation deletion denied device end error group indicator info installation protocol start user',
  ),
  'event.outcome': words('failure success unknown'),
}
