package tenon

import _ "tenon/internal/wit/transform_exports" // exports what the host calls
