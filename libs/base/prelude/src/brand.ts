declare const brand: unique symbol;

/** A string or number that went through its parser. Only the parser casts. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

type Primitive = string | number | boolean | bigint | symbol | null | undefined;

/** `T` and everything below it, readonly. Byte arrays stay as they are. */
export type DeepReadonly<T> = T extends Primitive | Uint8Array | ((...args: never[]) => unknown)
  ? T
  : T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<K, DeepReadonly<V>>
    : T extends readonly (infer E)[]
      ? readonly DeepReadonly<E>[]
      : { readonly [K in keyof T]: DeepReadonly<T[K]> };
