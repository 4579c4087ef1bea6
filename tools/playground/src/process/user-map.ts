import { readFileSync } from 'node:fs';

/** Is this user id one of those that a user namespace has, by its /proc/PID/uid_map (user_namespaces(7))? */
export function mapsUser(uidMap: string, uid: number): boolean {
  return uidMap.split('\n').some((line) => {
    const [first, , count] = line.trim().split(/\s+/).map(Number);
    return (
      first !== undefined && count !== undefined && uid >= first && uid < first + count && count > 0
    );
  });
}

/** The user that this process is outside its user namespace; the same as inside for who is in none. */
export function outsideUser(uidMap: string, uid: number): number {
  for (const line of uidMap.split('\n')) {
    const [first = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
    if (uid >= first && uid < first + count) return outside + uid - first;
  }
  return uid;
}

/** This process's user map; the one of a machine without user namespaces when there is none. */
export function readUserMap(): string {
  try {
    return readFileSync('/proc/self/uid_map', 'utf8');
  } catch {
    return '0 0 4294967295';
  }
}
