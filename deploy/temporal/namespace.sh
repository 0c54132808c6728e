#!/bin/sh
# Makes the namespace with its retention and registers the search attributes of releases. Run again, it sets the retention
# and registers what is missing.
# In: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, SLUICE_RETENTION; TEMPORAL_TLS_… as for every Temporal CLI.
set -eu

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$SLUICE_RETENTION"
else
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$SLUICE_RETENTION"
fi

# A namespace is known to all parts of the server some seconds after it was made.
tries=0
until temporal operator search-attribute list >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    echo "The namespace $TEMPORAL_NAMESPACE did not appear within a minute." >&2
    exit 1
  fi
  sleep 1
done

# Attributes that are there with the same type are left alone; one with another type is an error.
temporal operator search-attribute create \
  --name SluiceApp --type Keyword \
  --name SluiceCluster --type Keyword \
  --name SluiceNamespace --type Keyword \
  --name SluicePhase --type Keyword \
  --name SluiceVersion --type Keyword \
  --name SluiceInitiator --type Keyword \
  --name SluiceBatch --type Int \
  --name SluiceWaiting --type Bool
