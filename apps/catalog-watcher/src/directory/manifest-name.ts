/**
 * What an entry of a watched folder may be, by its name alone. Editors' temporary and backup files are left alone:
 * `.x.swp`, `x~`, `#x#`, `4913`, `x.yaml.tmp`. `..data` is the link that Kubernetes swaps when a mounted ConfigMap changes.
 */
export function nameKind(
  name: string,
): 'manifest' | 'swapped link' | 'folder or nothing' | 'ignored' {
  if (name === '..data') return 'swapped link';
  if (name.startsWith('.') || name.startsWith('#') || name.endsWith('~')) return 'ignored';
  return /\.(ya?ml|json)$/i.test(name) ? 'manifest' : 'folder or nothing';
}
