"use strict";

// A schema is for values of type JSON; what was typed into one stays in sight.
document.addEventListener("DOMContentLoaded", () => {
  const type = document.getElementById("id_value_type");
  const schema = document.getElementById("id_value_schema");
  const row = schema?.closest(".field-value_schema");
  if (!type || !row) return;
  const show = () => {
    const empty = ["", "{}"].includes(schema.value.trim());
    row.style.display = type.value === "json" || !empty || row.matches(".errors") ? "" : "none";
  };
  type.addEventListener("change", show);
  show();
});
