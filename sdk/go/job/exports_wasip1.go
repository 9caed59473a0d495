package job

import _ "tenon/internal/wit/job_exports" // exports what the host calls
