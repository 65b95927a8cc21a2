// What a dashboard answers, as OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0): served at /api/v1/openapi.json.

let openAPIDocument = #"""
  {"openapi":"3.1.0",
  "info":{"title":"Attune dashboard","version":"1","description":"One sweep, read from its directory. GET needs the token only from other machines; POST always does."},
  "components":{
   "securitySchemes":{"token":{"type":"http","scheme":"bearer","description":"The text in DIR/dashboard.token."}},
   "parameters":{
    "trial":{"name":"trial","in":"path","required":true,"schema":{"type":"integer","minimum":0,"maximum":2147483647}},
    "offset":{"name":"offset","in":"query","schema":{"type":"integer","minimum":0,"maximum":2147483647}},
    "limit":{"name":"limit","in":"query","schema":{"type":"integer","minimum":1,"maximum":500}}},
   "responses":{
    "asked":{"description":"The coordinator was asked; its log says what came of it.","content":{"text/plain":{"schema":{"type":"string"}}}},
    "wrong":{"description":"What was found and what is allowed.","content":{"text/plain":{"schema":{"type":"string"}}}},
    "absent":{"description":"There is none.","content":{"text/plain":{"schema":{"type":"string"}}}},
    "alone":{"description":"Nobody runs the sweep, or this dashboard was not started by whoever does.","content":{"text/plain":{"schema":{"type":"string"}}}},
    "unauthorized":{"description":"The token is missing or wrong.","content":{"text/plain":{"schema":{"type":"string"}}}}},
   "schemas":{
    "Worker":{"type":"object","required":["session","host","process","slots","threads","silent_seconds","trials"],"properties":{
     "session":{"type":"string"},"host":{"type":"string"},"process":{"type":"integer"},"key":{"type":"string"},
     "slots":{"type":"integer"},"threads":{"type":"integer"},"silent_seconds":{"type":"number"},
     "trials":{"type":"array","items":{"type":"integer"}}}},
    "Overview":{"type":"object","required":["name","state","planned","ended","counts","trial_seconds","digest","paused","can_act","worker_count","dropped"],"properties":{
     "name":{"type":"string"},"state":{"type":"string"},"running_process":{"type":"integer"},
     "planned":{"type":"integer"},"ended":{"type":"integer"},
     "counts":{"type":"object","additionalProperties":{"type":"integer"}},
     "steps_per_second":{"type":"number"},"remaining_seconds":{"type":"number"},"trial_seconds":{"type":"number"},
     "digest":{"type":"string"},"paused":{"type":"boolean"},"can_act":{"type":"boolean"},
     "worker_count":{"type":"integer"},
     "dropped":{"type":"object","additionalProperties":{"type":"integer"}}}},
    "Trial":{"type":"object","required":["trial","cell","row","column","stage","state","attempts"],"properties":{
     "trial":{"type":"integer"},"cell":{"type":"integer"},"row":{"type":"string"},"column":{"type":"string"},
     "stage":{"type":"string"},"seed":{"type":"integer"},"state":{"type":"string"},"loss":{"type":"number"},
     "seconds":{"type":"number"},"attempts":{"type":"integer"},"reason":{"type":"string"}}},
    "Curve":{"type":"array","description":"Pairs of step and validation loss, thinned to at most 401.","items":{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2}},
    "TrialDetail":{"type":"object","required":["trial","what","state","why","configuration","parameters","attempts","curve","can_cancel","can_retry"],"properties":{
     "trial":{"type":"integer"},"what":{"type":"string"},"state":{"type":"string"},"why":{"type":"string"},
     "configuration":{"type":"string"},"parameters":{"type":"string"},
     "attempts":{"type":"array","items":{"type":"object"}},"loss":{"type":"number"},"seconds":{"type":"number"},
     "checkpoint":{"type":"string"},"curve":{"$ref":"#/components/schemas/Curve"},
     "can_cancel":{"type":"boolean"},"can_retry":{"type":"boolean"}}},
    "CellDetail":{"type":"object","required":["cell","row","column","verdict","status","pending","sentence","seeds","candidates","curves"],"properties":{
     "cell":{"type":"integer"},"row":{"type":"string"},"column":{"type":"string"},"verdict":{"type":"string"},
     "status":{"type":"string"},"pending":{"type":"integer"},"sentence":{"type":"string"},
     "seeds":{"type":"array","items":{"type":"object"}},"candidates":{"type":"array","items":{"type":"object"}},
     "curves":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"points":{"$ref":"#/components/schemas/Curve"}}}}}}}},
  "paths":{
   "/api/v1/overview":{"get":{"summary":"How far the sweep is.","responses":{"200":{"description":"Counts and rates.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Overview"}}}},"401":{"$ref":"#/components/responses/unauthorized"}}}},
   "/api/v1/matrix":{"get":{"summary":"The report's matrix.json of what is stored so far.","responses":{"200":{"description":"See docs/report.md.","content":{"application/json":{"schema":{"type":"object"}}}},"401":{"$ref":"#/components/responses/unauthorized"}}}},
   "/api/v1/workers":{"get":{"summary":"Workers in contact, a page at a time; the first thousand are listed one by one.","parameters":[
     {"name":"sort","in":"query","schema":{"type":"string","enum":["","host","-silent","-trials"]}},
     {"$ref":"#/components/parameters/offset"},{"$ref":"#/components/parameters/limit"}],
    "responses":{"200":{"description":"How many are in contact, how many are listed, and those of the page.","content":{"application/json":{"schema":{"type":"object","required":["total","listed","offset","workers"],"properties":{"total":{"type":"integer"},"listed":{"type":"integer"},"offset":{"type":"integer"},"workers":{"type":"array","items":{"$ref":"#/components/schemas/Worker"}}}}}}},"400":{"$ref":"#/components/responses/wrong"},"401":{"$ref":"#/components/responses/unauthorized"}}}},
   "/api/v1/trials":{"get":{"summary":"Trials, a page at a time.","parameters":[
     {"name":"state","in":"query","schema":{"type":"string","enum":["","pending","leased","running","committing","paused","succeeded","failed","quarantined","cancelled","pruned"]}},
     {"name":"stage","in":"query","schema":{"type":"string","enum":["","tuning","reporting","reference"]}},
     {"name":"cell","in":"query","schema":{"type":"integer","minimum":0,"maximum":2147483647}},
     {"name":"sort","in":"query","schema":{"type":"string","enum":["","trial","-trial","loss","-loss","seconds","-seconds"]}},
     {"$ref":"#/components/parameters/offset"},{"$ref":"#/components/parameters/limit"}],
    "responses":{"200":{"description":"How many there are, and those of the page.","content":{"application/json":{"schema":{"type":"object","required":["total","offset","trials"],"properties":{"total":{"type":"integer"},"offset":{"type":"integer"},"trials":{"type":"array","items":{"$ref":"#/components/schemas/Trial"}}}}}}},"400":{"$ref":"#/components/responses/wrong"},"401":{"$ref":"#/components/responses/unauthorized"}}}},
   "/api/v1/trials/{trial}":{"get":{"summary":"One trial with its attempts and learning curve.","parameters":[{"$ref":"#/components/parameters/trial"}],"responses":{"200":{"description":"The trial.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/TrialDetail"}}}},"400":{"$ref":"#/components/responses/wrong"},"404":{"$ref":"#/components/responses/absent"},"401":{"$ref":"#/components/responses/unauthorized"}}}},
   "/api/v1/cells/{cell}":{"get":{"summary":"One cell of the matrix with its seeds, candidates and curves.","parameters":[{"name":"cell","in":"path","required":true,"schema":{"type":"integer","minimum":0,"maximum":2147483647}}],"responses":{"200":{"description":"The cell.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/CellDetail"}}}},"400":{"$ref":"#/components/responses/wrong"},"404":{"$ref":"#/components/responses/absent"},"401":{"$ref":"#/components/responses/unauthorized"}}}},
   "/api/v1/events":{"get":{"summary":"The last lines of the sweep's log, the newest first.","parameters":[{"name":"limit","in":"query","schema":{"type":"integer","minimum":1,"maximum":1000}}],"responses":{"200":{"description":"Events.","content":{"application/json":{"schema":{"type":"object","required":["events"],"properties":{"events":{"type":"array","items":{"type":"object"}}}}}}},"400":{"$ref":"#/components/responses/wrong"},"401":{"$ref":"#/components/responses/unauthorized"}}}},
   "/metrics":{"get":{"summary":"For Prometheus.","responses":{"200":{"description":"Text format 0.0.4.","content":{"text/plain":{"schema":{"type":"string"}}}},"401":{"$ref":"#/components/responses/unauthorized"}}}},
   "/api/v1/pause":{"post":{"summary":"Grant nothing more; what runs goes on.","security":[{"token":[]}],"responses":{"200":{"$ref":"#/components/responses/asked"},"401":{"$ref":"#/components/responses/unauthorized"},"409":{"$ref":"#/components/responses/alone"}}}},
   "/api/v1/resume":{"post":{"summary":"Grant again.","security":[{"token":[]}],"responses":{"200":{"$ref":"#/components/responses/asked"},"401":{"$ref":"#/components/responses/unauthorized"},"409":{"$ref":"#/components/responses/alone"}}}},
   "/api/v1/trials/{trial}/cancel":{"post":{"summary":"End a trial; its cell does without it.","parameters":[{"$ref":"#/components/parameters/trial"}],"security":[{"token":[]}],"responses":{"200":{"$ref":"#/components/responses/asked"},"401":{"$ref":"#/components/responses/unauthorized"},"404":{"$ref":"#/components/responses/absent"},"409":{"$ref":"#/components/responses/alone"}}}},
   "/api/v1/trials/{trial}/retry":{"post":{"summary":"Take a trial from its worker and grant it anew.","parameters":[{"$ref":"#/components/parameters/trial"}],"security":[{"token":[]}],"responses":{"200":{"$ref":"#/components/responses/asked"},"401":{"$ref":"#/components/responses/unauthorized"},"404":{"$ref":"#/components/responses/absent"},"409":{"$ref":"#/components/responses/alone"}}}},
   "/api/v1/workers/{session}/drain":{"post":{"summary":"Send a worker away when it has given back what it holds.","parameters":[{"name":"session","in":"path","required":true,"schema":{"type":"string","pattern":"^[0-9a-f]{16}$"}}],"security":[{"token":[]}],"responses":{"200":{"$ref":"#/components/responses/asked"},"401":{"$ref":"#/components/responses/unauthorized"},"404":{"$ref":"#/components/responses/absent"},"409":{"$ref":"#/components/responses/alone"}}}}}}
  """#
