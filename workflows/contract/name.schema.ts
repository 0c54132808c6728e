import { z } from 'zod';

/** DNS-1123 subdomain, as most names in Kubernetes are. */
export const nameSchema = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
  .meta({ title: 'a Kubernetes name: lower-case letters, digits, "-" and "."' });

/** An image reference as a registry client takes it, with a tag, a digest or both. */
export const imageSchema = z
  .string()
  .regex(/^[^\s@]*[^\s@:/](@sha256:[0-9a-f]{64})?$/)
  .meta({ title: 'an image reference, such as registry.local/checkout:v2' });

/** DNS-1123 label: namespaces, containers, and our names of clusters. */
export const labelSchema = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
  .meta({ title: 'a name of at most 63 lower-case letters, digits and "-"' });
