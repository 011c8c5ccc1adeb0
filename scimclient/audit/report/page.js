(function () {
  "use strict";
  var table = document.getElementById("findings");
  if (!table) { return; }
  var rows = Array.prototype.slice.call(table.tBodies[0].rows);
  var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
  var search = document.getElementById("search");
  var kind = document.getElementById("kind");
  var shown = document.getElementById("shown");
  var none = document.getElementById("none");
  function apply() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var count = 0;
    rows.forEach(function (row, i) {
      var match = (!kind.value || row.dataset.code === kind.value) &&
        words.every(function (word) { return texts[i].indexOf(word) >= 0; });
      row.hidden = !match;
      if (match) { count++; }
    });
    shown.textContent = count + " of " + rows.length;
    none.hidden = count > 0;
  }
  search.addEventListener("input", apply);
  kind.addEventListener("change", apply);
  document.getElementById("controls").addEventListener("submit", function (event) { event.preventDefault(); });
  document.getElementById("controls").hidden = false;
  apply();
})();
