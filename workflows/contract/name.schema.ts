import { z } from 'zod';

/** DNS-1123 subdomain, as most names in Kubernetes are. */
export const nameSchema = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
  .meta({ title: 'a Kubernetes name: lower-case letters, digits, "-" and "."' });

/** DNS-1123 label: namespaces, containers, and our names of clusters. */
export const labelSchema = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
  .meta({ title: 'a name of at most 63 lower-case letters, digits and "-"' });
