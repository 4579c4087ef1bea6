import type { CatalogValue } from '@osm/model';
import type { AdmissionChange, AdmissionWorld } from './admission-world.ts';

/** Where rules put what they find. Texts go on after the object's name: `spec.x ...`. */
export interface Findings {
  readonly refuse: (text: string) => void;
  readonly warn: (text: string) => void;
}

/** What the rules of a kind get to see. */
export interface Reviewed extends AdmissionChange {
  readonly spec: unknown;
  /** What the catalog would make of it; undefined for kinds that it does not have, and for what is refused anyhow. */
  readonly value: CatalogValue | undefined;
  readonly world: AdmissionWorld;
  /** Its namespace is in the mesh: what else is in it is known. */
  readonly known: boolean;
}

/** The rules of one kind. */
export type KindRules = (reviewed: Reviewed, findings: Findings) => void;
